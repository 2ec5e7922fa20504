from django.conf import settings
from django.conf.urls.static import static
from django.contrib import admin
from django.urls import include, path
from rest_framework import routers

from reviews.views import CommentViewSet, ImageViewSet, ProductViewSet

router = routers.DefaultRouter()
router.register("product", ProductViewSet)
router.register("image", ImageViewSet)
router.register("comment", CommentViewSet)

urlpatterns = [
    path("", include(router.urls)),
    path("admin/", admin.site.urls),
    path("auth/", include("accounts.urls")),
]

# In development Django hands out the uploaded files; with DEBUG off this adds nothing.
urlpatterns += static(settings.MEDIA_URL, document_root=settings.MEDIA_ROOT)
