from django.conf import settings
from django.conf.urls.static import static
from django.contrib import admin
from django.urls import include, path
from django.views.decorators.cache import never_cache
from rest_framework import routers
from rest_framework_simplejwt.views import TokenRefreshView

from reviews.views import ImageViewSet, ProductViewSet, UsernameTokenObtainPairView

router = routers.DefaultRouter()
router.register("product", ProductViewSet)
router.register("image", ImageViewSet)

urlpatterns = [
    path("", include(router.urls)),
    path("admin/", admin.site.urls),
    # No cache on the way may keep a token.
    path("token/", never_cache(UsernameTokenObtainPairView.as_view()), name="token_obtain_pair"),
    path("token/refresh/", never_cache(TokenRefreshView.as_view()), name="token_refresh"),
]

# In development Django hands out the uploaded files; with DEBUG off this adds nothing.
urlpatterns += static(settings.MEDIA_URL, document_root=settings.MEDIA_ROOT)
