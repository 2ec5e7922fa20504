from django.urls import path
from django.views.decorators.cache import never_cache
from rest_framework_simplejwt.views import TokenRefreshView

from .views import LoginView, RegisterView

urlpatterns = [
    # No cache on the way may keep a token.
    path("login/", never_cache(LoginView.as_view()), name="login"),
    path("login/refresh/", never_cache(TokenRefreshView.as_view()), name="login_refresh"),
    path("register/", RegisterView.as_view(), name="register"),
]
