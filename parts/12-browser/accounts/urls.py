from django.urls import path
from django.views.decorators.cache import never_cache
from rest_framework_simplejwt.views import TokenRefreshView

from .browser import (
    BrowserChangePasswordView,
    BrowserLoginView,
    BrowserLogoutView,
    BrowserRefreshView,
)
from .views import (
    ChangePasswordView,
    LoginView,
    LogoutAllView,
    LogoutView,
    RegisterView,
    SessionListView,
    SessionView,
    UpdateProfileView,
)

urlpatterns = [
    # No cache on the way may keep a token.
    path("login/", never_cache(LoginView.as_view()), name="login"),
    path("login/refresh/", never_cache(TokenRefreshView.as_view()), name="login_refresh"),
    path("register/", RegisterView.as_view(), name="register"),
    path(
        "change_password/<int:pk>/",
        never_cache(ChangePasswordView.as_view()),
        name="change_password",
    ),
    path("update_profile/<int:pk>/", UpdateProfileView.as_view(), name="update_profile"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("logout_all/", LogoutAllView.as_view(), name="logout_all"),
    path("sessions/", SessionListView.as_view(), name="sessions"),
    path("sessions/<uuid:pk>/", SessionView.as_view(), name="session"),
    # For pages: the refresh token comes and goes in a cookie, whose path is this one.
    path("browser/login/", never_cache(BrowserLoginView.as_view()), name="browser_login"),
    path("browser/refresh/", never_cache(BrowserRefreshView.as_view()), name="browser_refresh"),
    path("browser/logout/", never_cache(BrowserLogoutView.as_view()), name="browser_logout"),
    path(
        "browser/change_password/",
        never_cache(BrowserChangePasswordView.as_view()),
        name="browser_change_password",
    ),
]
