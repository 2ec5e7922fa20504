from rest_framework import generics
from rest_framework.permissions import AllowAny
from rest_framework_simplejwt.views import TokenObtainPairView

from .serializers import RegisterSerializer, UsernameTokenObtainPairSerializer


class LoginView(TokenObtainPairView):
    serializer_class = UsernameTokenObtainPairSerializer
    throttle_scope = "login"


class RegisterView(generics.CreateAPIView):
    serializer_class = RegisterSerializer
    permission_classes = [AllowAny]
    # Who registers has no token yet; one that has expired must not be in the way.
    authentication_classes = []
    throttle_scope = "register"
