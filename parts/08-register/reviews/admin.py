from django.contrib import admin
from django.forms import ModelForm

from .models import Category, Comment, Company, Image, Product, ProductSite, ProductSize
from .validators import validate_picture


class ProductSiteInline(admin.TabularInline):
    model = ProductSite
    extra = 0
    autocomplete_fields = ["company"]


@admin.register(Company)
class CompanyAdmin(admin.ModelAdmin):
    list_display = ["name", "url"]
    search_fields = ["name", "url"]


@admin.register(ProductSize)
class ProductSizeAdmin(admin.ModelAdmin):
    search_fields = ["name"]


@admin.register(Category)
class CategoryAdmin(admin.ModelAdmin):
    search_fields = ["name"]


class ImageForm(ModelForm):
    def clean_image(self):
        # Here, because a form hands the file to the model before it asks the model's
        # validators, and the model decodes a PNG to know its size.
        validate_picture(self.cleaned_data["image"])
        return self.cleaned_data["image"]


@admin.register(Image)
class ImageAdmin(admin.ModelAdmin):
    form = ImageForm
    list_display = ["name", "width", "height"]
    search_fields = ["name"]


@admin.register(Product)
class ProductAdmin(admin.ModelAdmin):
    list_display = ["name", "created", "updated"]
    list_filter = ["category"]
    search_fields = ["name", "content"]
    date_hierarchy = "created"
    autocomplete_fields = ["category", "image"]
    inlines = [ProductSiteInline]


@admin.register(ProductSite)
class ProductSiteAdmin(admin.ModelAdmin):
    list_display = ["name", "product", "company", "productsize", "price"]
    list_filter = ["company", "productsize"]
    search_fields = ["name", "product__name", "company__name"]
    autocomplete_fields = ["product", "company", "productsize"]


@admin.register(Comment)
class CommentAdmin(admin.ModelAdmin):
    list_display = ["title", "product", "user", "created"]
    search_fields = ["title", "content", "product__name", "user__username"]
    date_hierarchy = "created"
    autocomplete_fields = ["product", "user"]
