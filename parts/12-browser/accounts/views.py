from django.contrib.auth import get_user_model
from rest_framework import generics, status
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework_simplejwt.views import TokenObtainPairView

from .models import Session
from .permissions import IsApp, IsSelf
from .serializers import (
    ChangePasswordSerializer,
    LogoutSerializer,
    ProfileSerializer,
    RegisterSerializer,
    SessionSerializer,
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
    permission_classes = [IsAuthenticated, IsApp, IsSelf]
    http_method_names = ["put", "options"]
    throttle_scope = "change_password"


class UpdateProfileView(generics.UpdateAPIView):
    queryset = get_user_model().objects.all()
    serializer_class = ProfileSerializer
    permission_classes = [IsAuthenticated, IsSelf]


class LogoutView(generics.GenericAPIView):
    serializer_class = LogoutSerializer
    permission_classes = [IsAuthenticated, IsApp]

    def post(self, request):
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        request.user.sessions.filter(pk=request.auth["sid"]).end(Session.Reason.LOGOUT)
        return Response(status=status.HTTP_204_NO_CONTENT)


class LogoutAllView(APIView):
    permission_classes = [IsAuthenticated]

    def post(self, request):
        request.user.sessions.end(Session.Reason.LOGOUT_ALL)
        return Response(status=status.HTTP_204_NO_CONTENT)


class OwnSessionsMixin:
    serializer_class = SessionSerializer
    permission_classes = [IsAuthenticated]

    def get_queryset(self):
        return self.request.user.sessions.recent()


class SessionListView(OwnSessionsMixin, generics.ListAPIView):
    pass


class SessionView(OwnSessionsMixin, generics.DestroyAPIView):
    def perform_destroy(self, session):
        own = str(session.pk) == self.request.auth["sid"]
        reason = Session.Reason.LOGOUT if own else Session.Reason.OTHER_DEVICE
        # The row stays for a while, and says why.
        self.get_queryset().filter(pk=session.pk).end(reason)
