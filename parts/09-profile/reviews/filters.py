from django_filters import rest_framework as filters

from .models import Category, Product


class ProductFilter(filters.FilterSet):
    # One category a request. What django-filter makes of the model field by itself takes
    # many, and a number too large for the database makes it raise: an answer 500.
    category = filters.ModelChoiceFilter(queryset=Category.objects.all())

    class Meta:
        model = Product
        fields = ["category"]
