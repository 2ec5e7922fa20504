from rest_framework.permissions import SAFE_METHODS, BasePermission


class IsOwner(BasePermission):
    """Anyone who gets here may read; only who wrote it may change or delete it."""

    def has_object_permission(self, request, view, obj):
        return request.method in SAFE_METHODS or obj.user == request.user


class IsStaff(BasePermission):
    """Anyone who gets here may read and add; only staff may change or delete."""

    def has_object_permission(self, request, view, obj):
        return request.method in SAFE_METHODS or request.user.is_staff
