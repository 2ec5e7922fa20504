from django.db import transaction
from django.shortcuts import get_object_or_404
from django_filters.rest_framework import DjangoFilterBackend
from rest_flex_fields.views import FlexFieldsMixin
from rest_framework import filters, viewsets
from rest_framework.permissions import IsAuthenticated, IsAuthenticatedOrReadOnly

from .filters import ProductFilter, ShortSearchFilter
from .models import Comment, Image, Product
from .permissions import IsOwner, IsStaff
from .serializers import CommentSerializer, ImageSerializer, ProductSerializer


class CheckedFlexFieldsMixin(FlexFieldsMixin):
    def check_permissions(self, request):
        super().check_permissions(request)
        # Refuses a wrong ?expand=, ?fields= or ?omit= here and now. The browsable API asks here
        # before it draws a form: otherwise the form would be refused, and the page be a 500.
        self.get_serializer()


class LockedWritesMixin:
    """A row is read again before it is changed or deleted, and is locked until that is done."""

    def perform_update(self, serializer):
        with transaction.atomic():
            serializer.instance = self.locked(serializer.instance)
            serializer.save()

    def perform_destroy(self, instance):
        with transaction.atomic():
            self.locked(instance).delete()

    def locked(self, instance):
        return get_object_or_404(self.get_queryset().select_for_update(), pk=instance.pk)


class ImageViewSet(LockedWritesMixin, CheckedFlexFieldsMixin, viewsets.ModelViewSet):
    queryset = Image.objects.all()
    serializer_class = ImageSerializer
    permission_classes = [IsAuthenticated, IsStaff]


class CommentViewSet(LockedWritesMixin, CheckedFlexFieldsMixin, viewsets.ModelViewSet):
    queryset = Comment.objects.select_related("user")
    serializer_class = CommentSerializer
    permission_classes = [IsAuthenticatedOrReadOnly, IsOwner]
    permit_list_expands = ["user"]

    def perform_create(self, serializer):
        serializer.save(user=self.request.user)


class ProductViewSet(CheckedFlexFieldsMixin, viewsets.ReadOnlyModelViewSet):
    queryset = Product.objects.prefetch_related("category")
    serializer_class = ProductSerializer
    permit_list_expands = [
        "category",
        "image",
        "sites",
        "sites.company",
        "sites.productsize",
        "comments",
        "comments.user",
    ]
    filter_backends = [DjangoFilterBackend, ShortSearchFilter, filters.OrderingFilter]
    filterset_class = ProductFilter
    search_fields = ["name", "content"]
    ordering_fields = ["name", "created", "updated"]

    def get_queryset(self):
        # What a client expands is fetched for the whole page at once. A path like
        # "sites.company" in the address is "sites__company" in the ORM.
        params = self.request.query_params
        asked = ",".join(params.getlist("expand") or params.getlist("expand[]")).split(",")
        paths = [name.replace(".", "__") for name in self.permit_list_expands if name in asked]
        return super().get_queryset().prefetch_related(*paths)
