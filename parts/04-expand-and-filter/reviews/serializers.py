from django.contrib.auth import get_user_model
from rest_flex_fields import FlexFieldsModelSerializer

from .models import Category, Comment, Company, Product, ProductSite, ProductSize


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


class CommentSerializer(FlexFieldsModelSerializer):
    class Meta:
        model = Comment
        fields = ["pk", "title", "content", "user", "created", "updated"]
        expandable_fields = {"user": UserSerializer}


class ProductSerializer(FlexFieldsModelSerializer):
    class Meta:
        model = Product
        fields = ["pk", "name", "content", "category", "created", "updated"]
        expandable_fields = {
            "category": (CategorySerializer, {"many": True}),
            "sites": (ProductSiteSerializer, {"many": True}),
            "comments": (CommentSerializer, {"many": True}),
        }
