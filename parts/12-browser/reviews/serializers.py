from django.contrib.auth import get_user_model
from rest_flex_fields import FlexFieldsModelSerializer
from rest_framework import serializers

from .models import Category, Comment, Company, Image, Product, ProductSite, ProductSize


class SentFieldsMixin:
    """An update writes the fields that were sent: another request may have changed the rest."""

    # Columns that change along, whatever was sent.
    derived_fields = []

    def update(self, instance, validated_data):
        for name, value in validated_data.items():
            setattr(instance, name, value)
        instance.save(update_fields=[*validated_data, *self.derived_fields])
        return instance


class CompanySerializer(FlexFieldsModelSerializer):
    class Meta:
        model = Company
        fields = ["pk", "name", "url"]


class ProductSizeSerializer(FlexFieldsModelSerializer):
    class Meta:
        model = ProductSize
        fields = ["pk", "name"]


class CategorySerializer(FlexFieldsModelSerializer):
    class Meta:
        model = Category
        fields = ["pk", "name"]


class UserSerializer(FlexFieldsModelSerializer):
    class Meta:
        model = get_user_model()
        # What everybody may see of a user: never the e-mail, never the password.
        fields = ["pk", "username"]


class ProductSiteSerializer(FlexFieldsModelSerializer):
    class Meta:
        model = ProductSite
        fields = ["pk", "name", "company", "productsize", "price", "url", "created", "updated"]
        expandable_fields = {
            "company": CompanySerializer,
            "productsize": ProductSizeSerializer,
        }


class CommentSerializer(SentFieldsMixin, FlexFieldsModelSerializer):
    derived_fields = ["updated"]

    class Meta:
        model = Comment
        fields = ["pk", "title", "content", "product", "user", "created", "updated"]
        # Who writes a comment is who sends it, not who the request says.
        read_only_fields = ["user"]
        # A whole number: by itself, the field takes 1.5 for 1 and gives up on 1e400.
        extra_kwargs = {"product": {"pk_field": serializers.IntegerField()}}
        expandable_fields = {"user": UserSerializer}


class ImageSerializer(SentFieldsMixin, FlexFieldsModelSerializer):
    renditions = serializers.SerializerMethodField()

    class Meta:
        model = Image
        fields = ["pk", "name", "image", "width", "height", "renditions"]

    def get_renditions(self, image):
        """The same picture in smaller widths: {"400": "http://…/400w.webp", …}."""
        request = self.context["request"]
        by_width = image.image.aspect_ratios[None]["WEBP"]
        return {
            str(width): request.build_absolute_uri(by_width[width].url)
            for width in sorted(by_width)
        }


class ProductSerializer(FlexFieldsModelSerializer):
    class Meta:
        model = Product
        fields = ["pk", "name", "content", "category", "created", "updated"]
        expandable_fields = {
            "category": (CategorySerializer, {"many": True}),
            "image": (ImageSerializer, {"many": True}),
            "sites": (ProductSiteSerializer, {"many": True}),
            "comments": (CommentSerializer, {"many": True}),
        }
