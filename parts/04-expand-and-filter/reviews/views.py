from django_filters.rest_framework import DjangoFilterBackend
from rest_flex_fields.views import FlexFieldsMixin
from rest_framework import filters, viewsets

from .filters import ProductFilter, ShortSearchFilter
from .models import Product
from .serializers import ProductSerializer


class ProductViewSet(FlexFieldsMixin, viewsets.ReadOnlyModelViewSet):
    queryset = Product.objects.prefetch_related("category")
    serializer_class = ProductSerializer
    permit_list_expands = [
        "category",
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
