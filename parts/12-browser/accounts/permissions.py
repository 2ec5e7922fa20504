from rest_framework.permissions import BasePermission


class IsApp(BasePermission):
    """Only apps: what is behind it may return a refresh token, which no script is to see."""

    def has_permission(self, request, view):
        return not request.auth.get("browser")


class IsBrowser(BasePermission):
    """Only browsers, whose refresh token is in a cookie."""

    def has_permission(self, request, view):
        return bool(request.auth.get("browser"))


class IsSelf(BasePermission):
    """Only one's own account, named by its pk in the address."""

    def has_permission(self, request, view):
        # Before anything is looked up, so that the answer does not tell who exists.
        return request.user.pk == view.kwargs["pk"]
