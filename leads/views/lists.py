from django.http import HttpRequest, HttpResponse


def index(request: HttpRequest) -> HttpResponse:
    return HttpResponse(status=404)


def show(request: HttpRequest, pk: int) -> HttpResponse:
    return HttpResponse(status=404)


def rename(request: HttpRequest, pk: int) -> HttpResponse:
    return HttpResponse(status=404)


def delete(request: HttpRequest, pk: int) -> HttpResponse:
    return HttpResponse(status=404)
