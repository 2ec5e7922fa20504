from rest_framework import viewsets

from .models import Product
from .serializers import ProductSerializer


class ProductViewSet(viewsets.ReadOnlyModelViewSet):
    # Without the prefetch, every product of a page would ask for its categories again.
    queryset = Product.objects.prefetch_related("category")
    serializer_class = ProductSerializer
