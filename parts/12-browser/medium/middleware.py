from django.conf import settings
from django.core.exceptions import TooManyFieldsSent
from django.http import JsonResponse


def cookies_for_our_pages(get_response):
    """Let the pages that may read our responses use cookies, where the refresh token is one.

    And nowhere else: with its reader's cookies, such a page could read the admin.
    """

    def middleware(request):
        response = get_response(request)
        ours = "access-control-allow-origin" in response
        if ours and request.path.startswith(settings.REFRESH_COOKIE["path"]):
            response["access-control-allow-credentials"] = "true"
        return response

    return middleware


def readable_requests(get_response):
    """Refuse what cannot be read, before anything tries to: in the API and in the admin."""

    def middleware(request):
        # Python knows a hundred charsets, and some of them raise what nobody expects.
        charset = request.content_params.get("charset", "utf-8")
        if charset.lower() not in ("utf-8", "utf8"):
            return JsonResponse({"detail": "Send text as UTF-8."}, status=415)
        try:
            len(request.GET)
        except TooManyFieldsSent:
            return JsonResponse({"detail": "Too many parameters."}, status=400)
        return get_response(request)

    return middleware
