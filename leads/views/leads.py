from django.http import HttpRequest, HttpResponse


def index(request: HttpRequest) -> HttpResponse:
    return HttpResponse(status=404)


def new(request: HttpRequest) -> HttpResponse:
    return HttpResponse(status=404)


def bulk(request: HttpRequest) -> HttpResponse:
    return HttpResponse(status=404)


def show(request: HttpRequest, pk: int) -> HttpResponse:
    return HttpResponse(status=404)


def edit(request: HttpRequest, pk: int) -> HttpResponse:
    return HttpResponse(status=404)


def delete(request: HttpRequest, pk: int) -> HttpResponse:
    return HttpResponse(status=404)
