from rest_framework.permissions import BasePermission


class IsSelf(BasePermission):
    """Only one's own account, named by its pk in the address."""

    def has_permission(self, request, view):
        # Before anything is looked up, so that the answer does not tell who exists.
        return request.user.pk == view.kwargs["pk"]
