from django.contrib.auth import get_user_model
from rest_framework import generics, status
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from rest_framework_simplejwt.views import TokenObtainPairView

from .permissions import IsSelf
from .serializers import (
    ChangePasswordSerializer,
    LogoutSerializer,
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


class LogoutView(generics.GenericAPIView):
    serializer_class = LogoutSerializer
    permission_classes = [IsAuthenticated]

    def post(self, request):
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        serializer.save()
        return Response(status=status.HTTP_204_NO_CONTENT)


class LogoutAllView(APIView):
    permission_classes = [IsAuthenticated]

    def post(self, request):
        tokens = OutstandingToken.objects.filter(user=request.user, blacklistedtoken=None)
        # One of them may be blacklisted by another request in this very moment: all the better.
        BlacklistedToken.objects.bulk_create(
            [BlacklistedToken(token=token) for token in tokens], ignore_conflicts=True
        )
        return Response(status=status.HTTP_204_NO_CONTENT)
