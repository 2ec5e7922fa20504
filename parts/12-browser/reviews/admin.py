from django.contrib import admin
from django.forms import BaseInlineFormSet, ModelForm

from .models import Category, Comment, Company, Image, Product, ProductSite, ProductSize
from .validators import validate_picture


def save_changes(obj, form):
    """Write what was changed in the form: somebody else may have changed the rest."""
    columns = {field.name for field in obj._meta.concrete_fields}
    obj.save(update_fields=columns.intersection([*form.changed_data, "updated"]))


class ChangesAdmin(admin.ModelAdmin):
    def save_model(self, request, obj, form, change):
        if change:
            save_changes(obj, form)
        else:
            obj.save()


class ChangesFormSet(BaseInlineFormSet):
    def save_existing(self, form, obj, commit=True):
        save_changes(obj, form)
        return obj


class ProductSiteInline(admin.TabularInline):
    model = ProductSite
    formset = ChangesFormSet
    extra = 0
    autocomplete_fields = ["company"]


@admin.register(Company)
class CompanyAdmin(ChangesAdmin):
    list_display = ["name", "url"]
    search_fields = ["name", "url"]


@admin.register(ProductSize)
class ProductSizeAdmin(ChangesAdmin):
    search_fields = ["name"]


@admin.register(Category)
class CategoryAdmin(ChangesAdmin):
    search_fields = ["name"]


class ImageForm(ModelForm):
    def clean_image(self):
        # Here, because a form hands the file to the model before it asks the model's
        # validators, and the model decodes a PNG to know its size.
        validate_picture(self.cleaned_data["image"])
        return self.cleaned_data["image"]


@admin.register(Image)
class ImageAdmin(ChangesAdmin):
    form = ImageForm
    list_display = ["name", "width", "height"]
    search_fields = ["name"]


@admin.register(Product)
class ProductAdmin(ChangesAdmin):
    list_display = ["name", "created", "updated"]
    list_filter = ["category"]
    search_fields = ["name", "content"]
    date_hierarchy = "created"
    autocomplete_fields = ["category", "image"]
    inlines = [ProductSiteInline]


@admin.register(ProductSite)
class ProductSiteAdmin(ChangesAdmin):
    list_display = ["name", "product", "company", "productsize", "price"]
    list_filter = ["company", "productsize"]
    search_fields = ["name", "product__name", "company__name"]
    autocomplete_fields = ["product", "company", "productsize"]


@admin.register(Comment)
class CommentAdmin(ChangesAdmin):
    list_display = ["title", "product", "user", "created"]
    search_fields = ["title", "content", "product__name", "user__username"]
    date_hierarchy = "created"
    autocomplete_fields = ["product", "user"]
