from django.contrib.auth import get_user_model
from rest_framework import generics
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework_simplejwt.views import TokenObtainPairView

from .permissions import IsSelf
from .serializers import (
    ChangePasswordSerializer,
    ProfileSerializer,
    RegisterSerializer,
    UsernameTokenObtainPairSerializer,
)


class LoginView(TokenObtainPairView):
    serializer_class = UsernameTokenObtainPairSerializer
    throttle_scope = "login"


class RegisterView(generics.CreateAPIView):
    serializer_class = RegisterSerializer
    permission_classes = [AllowAny]
    # Who registers has no token yet; one that has expired must not be in the way.
    authentication_classes = []
    throttle_scope = "register"


class ChangePasswordView(generics.UpdateAPIView):
    queryset = get_user_model().objects.all()
    serializer_class = ChangePasswordSerializer
    permission_classes = [IsAuthenticated, IsSelf]
    http_method_names = ["put", "options"]
    throttle_scope = "change_password"


class UpdateProfileView(generics.UpdateAPIView):
    queryset = get_user_model().objects.all()
    serializer_class = ProfileSerializer
    permission_classes = [IsAuthenticated, IsSelf]
