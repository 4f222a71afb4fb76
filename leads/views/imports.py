from django.http import HttpRequest, HttpResponse


def index(request: HttpRequest) -> HttpResponse:
    return HttpResponse(status=404)


def new(request: HttpRequest) -> HttpResponse:
    return HttpResponse(status=404)


def show(request: HttpRequest, pk: int) -> HttpResponse:
    return HttpResponse(status=404)


def start(request: HttpRequest, pk: int) -> HttpResponse:
    return HttpResponse(status=404)


def discard(request: HttpRequest, pk: int) -> HttpResponse:
    return HttpResponse(status=404)


def rejected(request: HttpRequest, pk: int) -> HttpResponse:
    return HttpResponse(status=404)
