from django_filters import rest_framework as filters
from rest_framework.exceptions import ValidationError
from rest_framework.filters import SearchFilter

from .models import Category, Product

MAX_SEARCH = 100


class ShortSearchFilter(SearchFilter):
    def get_search_terms(self, request):
        # A text that is too long, or has too many words, makes the database raise: a 500.
        if len(request.query_params.get(self.search_param, "")) > MAX_SEARCH:
            message = f"A search may have {MAX_SEARCH} characters at most."
            raise ValidationError({self.search_param: [message]})
        return super().get_search_terms(request)


class ProductFilter(filters.FilterSet):
    # One category a request. What django-filter makes of the model field by itself takes
    # many, and a number too large for the database makes it raise: an answer 500.
    category = filters.ModelChoiceFilter(queryset=Category.objects.all())

    class Meta:
        model = Product
        fields = ["category"]
