from django.contrib import admin
from django.urls import include, path
from rest_framework import routers

from reviews.views import ProductViewSet

router = routers.DefaultRouter()
router.register("product", ProductViewSet)

urlpatterns = [
    path("", include(router.urls)),
    path("admin/", admin.site.urls),
]
