"""Django on ASGI, with sessions, forms and compression: `uvicorn examples.django.app:app`."""

from pathlib import Path

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import path

from consent import Consent

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Django example</title></head>
<body><h1>Django example</h1><p>Pages read: {{ read }}.</p>
<form method="post">{% csrf_token %}<button>Read again</button></form>
<template data-consent="statistics"><p>Visits are counted.</p></template></body></html>"""
settings.configure(
    SECRET_KEY="only-for-this-example-and-known-to-everybody",  # noqa: S106
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    MIDDLEWARE=[
        "django.middleware.gzip.GZipMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
    ],
    SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
)


def home(request: HttpRequest) -> HttpResponse:
    read = request.session["read"] = request.session.get("read", 0) + 1
    response = HttpResponse(engines["django"].from_string(PAGE).render({"read": read}, request))
    if request.scope["state"]["consent"].allows("statistics"):
        response.set_cookie("visited", "yes", max_age=30 * 86_400)
    return response


urlpatterns = [path("", home)]
app = Consent.load(Path(__file__).with_name("consent.toml")).protect(get_asgi_application())
