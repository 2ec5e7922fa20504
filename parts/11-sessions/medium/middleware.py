from django.core.exceptions import TooManyFieldsSent
from django.http import JsonResponse


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
