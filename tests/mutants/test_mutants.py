"""The test of the tests: mistakes that learners make, each caught, each with advice that helps.

Every mutant is one small edit of a copy of a part. The test named beside it must go red on the
copy, and what a learner then reads must name the file to open.
"""

import re
from dataclasses import dataclass

import pytest

from tutorial.checking.run import CHECKPOINTS

from .asked import ASKED
from .covered import EXCUSED, SEEN_BY, UNDONE


@dataclass
class Mutant:
    """One mistake: the edit, the test that must catch it, and the file it must name."""

    number: int  # of the part
    mistake: str
    file: str
    old: str
    new: str
    caught_by: str
    open: str = ""  # the file itself, unless named

    def __str__(self):
        return f"{self.number}: {self.mistake}"


MODELS, ADMIN = "reviews/models.py", "reviews/admin.py"
SERIALIZERS, VIEWS, FILTERS = "reviews/serializers.py", "reviews/views.py", "reviews/filters.py"
ACCOUNTS, ACCOUNT_VIEWS = "accounts/serializers.py", "accounts/views.py"
ACCOUNT_ADMIN, FIELDS, THROTTLES = (
    "accounts/admin.py",
    "accounts/fields.py",
    "accounts/throttles.py",
)
PARSERS, MIDDLEWARE = "reviews/parsers.py", "medium/middleware.py"
SETTINGS, URLS, VALIDATORS = "medium/settings.py", "medium/urls.py", "reviews/validators.py"

MUTANTS = [
    # Part 1
    Mutant(
        1,
        "a wrong related name",
        MODELS,
        'Product, on_delete=models.CASCADE, related_name="sites"',
        'Product, on_delete=models.CASCADE, related_name="offers"',
        "test_a_related_name_leads_back",
    ),
    Mutant(
        1, "oldest first", MODELS, '["-created", "-pk"]', '["created"]', "test_the_newest_product"
    ),
    Mutant(
        1,
        "a third decimal",
        MODELS,
        "decimal_places=2",
        "decimal_places=3",
        "test_a_price_is_exact",
    ),
    Mutant(
        1,
        "a negative price",
        MODELS,
        ", validators=[MinValueValidator(0)]",
        "",
        "test_a_price_is_not_negative",
    ),
    Mutant(
        1,
        "created moves",
        MODELS,
        "auto_now_add=True)",
        "auto_now=True)",
        "test_times_keep_themselves",
    ),
    Mutant(
        1,
        "a product that cannot be deleted",
        MODELS,
        "Product, on_delete=models.CASCADE",
        "Product, on_delete=models.PROTECT",
        "test_offers_and_comments_go",
    ),
    Mutant(
        1,
        "a nameless object",
        MODELS,
        "def __str__(self):",
        "def name_of(self):",
        "test_objects_say_who",
    ),
    Mutant(
        1,
        "a field without its migration",
        MODELS,
        "    url = models.URLField()",
        "    url = models.URLField()\n    phone = models.CharField(max_length=20, default='')",
        "test_the_migrations_are_complete",
        "reviews/migrations/",
    ),
    Mutant(
        1,
        "a secret key in the code",
        SETTINGS,
        '"DJANGO_SECRET_KEY", "django',
        '"OTHER", "django',
        "test_settings_come_from_the_environment",
    ),
    Mutant(
        1,
        "debug always on",
        SETTINGS,
        'os.environ.get("DJANGO_DEBUG", "1") == "1"',
        "True",
        "test_settings_come",
    ),
    Mutant(
        1, "the admin elsewhere", URLS, '"admin/"', '"backstage/"', "test_the_admin_lets_staff_in"
    ),
    Mutant(
        1,
        "the author's own user in the demo data",
        "reviews/fixtures/demo.json",
        '"model": "auth.user",',
        '"model": "auth.user",\n    "pk": 1,',
        "test_the_demo_data_leaves_my_user_alone",
    ),
    # Part 2
    Mutant(
        2,
        "a model not registered",
        ADMIN,
        "@admin.register(Comment)\n",
        "",
        "test_a_model_can_be_edited",
    ),
    Mutant(
        2,
        "no search",
        ADMIN,
        '    search_fields = ["name", "content"]\n',
        "",
        "test_a_model_is_found",
    ),
    Mutant(
        2,
        "no search by product",
        ADMIN,
        '"title", "content", "product__name"',
        '"title", "content"',
        "test_what_belongs_to_a_product",
    ),
    Mutant(
        2, "no filter", ADMIN, '    list_filter = ["category"]\n', "", "test_products_are_filtered"
    ),
    Mutant(
        2,
        "a query for every row",
        ADMIN,
        "class CommentAdmin(admin.ModelAdmin):",
        'class CommentAdmin(admin.ModelAdmin):\n    list_select_related = ["product"]',
        "test_a_list_asks_once",
    ),
    Mutant(
        2,
        "a field left out of the form",
        ADMIN,
        'list_display = ["name", "url"]',
        'list_display = ["name", "url"]\n    fields = ["url"]',
        "test_an_object_is_created",
    ),
    # Part 3
    Mutant(
        3,
        "the prefetch dropped",
        VIEWS,
        '.prefetch_related("category")',
        ".all()",
        "test_a_list_takes_as_many_queries",
    ),
    Mutant(3, "no pages", SETTINGS, '    "PAGE_SIZE": 10,\n', "", "test_a_list_has_pages"),
    Mutant(
        3,
        "products can be written",
        VIEWS,
        "ReadOnlyModelViewSet",
        "ModelViewSet",
        "test_products_are_read_only",
    ),
    Mutant(
        3,
        "another address",
        URLS,
        'register("product"',
        'register("products"',
        "test_an_empty_list_is_a_list",
    ),
    Mutant(
        3,
        "the router not included",
        URLS,
        '    path("", include(router.urls)),\n',
        "",
        "test_an_empty_list_is_a_list",
    ),
    Mutant(
        3,
        "a field not shown",
        SERIALIZERS,
        '"content", "category"',
        '"content"',
        "test_a_product_is_read",
    ),
    # Part 4
    Mutant(
        4,
        "what is expanded is not prefetched",
        VIEWS,
        "prefetch_related(*paths)",
        "all()",
        "test_queries_do_not_grow",
    ),
    Mutant(
        4,
        "an e-mail shown",
        SERIALIZERS,
        '["pk", "username"]',
        '["pk", "username", "email"]',
        "test_a_user_keeps_private_things",
    ),
    Mutant(
        4,
        "an expansion not permitted",
        VIEWS,
        '        "sites.company",\n',
        "",
        "test_everything_is_expanded",
        SERIALIZERS,
    ),
    Mutant(
        4,
        "a number too large",
        VIEWS,
        "filterset_class = ProductFilter",
        'filterset_fields = ["category"]',
        "test_a_category_that_is_not_there",
        FILTERS,
    ),
    Mutant(
        4,
        "no filter",
        VIEWS,
        "DjangoFilterBackend, Short",
        "Short",
        "test_a_category_is_chosen",
    ),
    Mutant(
        4,
        "no depth limit",
        SETTINGS,
        '    "MAXIMUM_EXPANSION_DEPTH": 3,\n',
        "",
        "test_an_expansion_has_an_end",
    ),
    Mutant(
        4,
        "the content not searched",
        VIEWS,
        '["name", "content"]',
        '["name"]',
        "test_products_are_searched",
    ),
    Mutant(4, "no ordering", VIEWS, ", filters.OrderingFilter]", "]", "test_products_are_ordered"),
    Mutant(4, "a dot in the ORM", VIEWS, '.replace(".", "__")', "", "test_queries_do_not_grow"),
    Mutant(
        4,
        "a search of any length",
        FILTERS,
        'if len(request.query_params.get(self.search_param, "")) > MAX_SEARCH:',
        "if False:",
        "test_a_search_has_a_length",
    ),
    Mutant(
        4,
        "a search of one word only",
        FILTERS,
        "MAX_SEARCH = 100",
        "MAX_SEARCH = 20",
        "test_a_search_of_some_words",
    ),
    # Part 5
    Mutant(
        5,
        "anyone may write",
        VIEWS,
        "    permission_classes = [IsAuthenticatedOrReadOnly]\n",
        "",
        "test_a_stranger_may_not_write",
    ),
    Mutant(
        5,
        "nobody may look",
        VIEWS,
        "IsAuthenticatedOrReadOnly",
        "IsAuthenticated",
        "test_anyone_may_look",
    ),
    Mutant(
        5,
        "no limits",
        MODELS,
        "            validate_picture,\n",
        "",
        "test_only_pictures_are_taken",
        VALIDATORS,
    ),
    Mutant(
        5,
        "any number of pixels",
        VALIDATORS,
        "picture.width * picture.height > MAX_PIXELS",
        "False",
        "test_only_pictures_are_taken",
    ),
    Mutant(
        5,
        "any number of bytes",
        VALIDATORS,
        "file.size > MAX_BYTES",
        "False",
        "test_only_pictures_are_taken",
    ),
    Mutant(
        5,
        "damaged files taken",
        VALIDATORS,
        "PillowPicture.pre_process(picture)",
        "pass",
        "test_only_pictures_are_taken",
    ),
    Mutant(
        5,
        "any ending",
        MODELS,
        '            FileExtensionValidator(["jpg", "jpeg", "png", "webp"]),\n',
        "",
        "test_only_pictures_are_taken",
        VALIDATORS,
    ),
    Mutant(
        5,
        "names of the clients",
        MODELS,
        "upload_to=picture_path",
        'upload_to="images/"',
        "test_pictures_of_one_name_keep_apart",
    ),
    Mutant(
        5,
        "files left behind",
        SETTINGS,
        '    "django_cleanup",\n',
        "",
        "test_files_go_with_their_image",
    ),
    Mutant(
        5,
        "sizes read from the file",
        MODELS,
        '        width_field="width",\n        height_field="height",\n',
        "",
        "test_a_list_opens_no_file",
    ),
    Mutant(
        5,
        "files not served",
        URLS,
        "urlpatterns += static(",
        "static(",
        "test_files_are_served_in_development",
    ),
    Mutant(
        5,
        "an image not expandable",
        SERIALIZERS,
        '            "image": (ImageSerializer, {"many": True}),\n',
        "",
        "test_products_show_their_images",
    ),
    Mutant(
        5,
        "deep JSON breaks the parser",
        SETTINGS,
        "reviews.parsers.JSONParser",
        "rest_framework.parsers.JSONParser",
        "test_a_rubbish_upload_is_refused",
        "reviews/parsers.py",
    ),
    Mutant(
        5,
        "a text that cannot be written",
        PARSERS,
        "            json.dumps(data, ensure_ascii=False).encode()\n",
        "",
        "test_a_rubbish_upload_is_refused",
    ),
    Mutant(
        5,
        "every charset that Python knows",
        SETTINGS,
        '    "medium.middleware.readable_requests",\n',
        "",
        "test_a_charset_nobody_reads",
        MIDDLEWARE,
    ),
    Mutant(
        5,
        "UTF-8 in small letters only",
        MIDDLEWARE,
        "charset.lower() not in",
        "charset not in",
        "test_utf_8_is_read",
    ),
    Mutant(
        5,
        "any number of parameters",
        MIDDLEWARE,
        "            len(request.GET)\n",
        "            pass\n",
        "test_parameters_have_a_number",
    ),
    Mutant(
        5,
        "a wrong path met where the page is drawn",
        VIEWS,
        "        self.get_serializer()\n",
        "",
        "test_nonsense_is_refused_on_a_page",
    ),
    Mutant(
        5,
        "a side of any length",
        VALIDATORS,
        "min(picture.size) < MIN_SIDE or max(picture.size) > MAX_SIDE",
        "False",
        "test_a_shape_without_renditions",
    ),
    Mutant(
        5,
        "a side of one pixel",
        VALIDATORS,
        "MIN_SIDE, MAX_SIDE = 50, 10_000",
        "MIN_SIDE, MAX_SIDE = 1, 10_000",
        "test_a_shape_without_renditions",
    ),
    Mutant(
        5,
        "a side that is a little too short",
        VALIDATORS,
        "MIN_SIDE, MAX_SIDE = 50, 10_000",
        "MIN_SIDE, MAX_SIDE = 24, 10_001",
        "test_a_shape_that_is_taken",
    ),
    Mutant(
        5,
        "a side too long for WebP",
        VALIDATORS,
        "MIN_SIDE, MAX_SIDE = 50, 10_000",
        "MIN_SIDE, MAX_SIDE = 50, 100_000",
        "test_a_shape_without_renditions",
    ),
    Mutant(
        5,
        "a picture decoded before it is refused",
        ADMIN,
        '        validate_picture(self.cleaned_data["image"])\n',
        "",
        "test_a_shape_without_renditions",
        VALIDATORS,
    ),
    Mutant(
        5,
        "a stored picture looked at again",
        VALIDATORS,
        'getattr(file, "_committed", False)',
        "False",
        "test_a_missing_file_breaks_no_form",
    ),
    Mutant(
        5,
        "the place where it was taken",
        MODELS,
        "            self.image = without_metadata(self.image)\n",
        "            pass\n",
        "test_the_place_of_a_picture",
    ),
    Mutant(
        5,
        "the remark of a camera",
        MODELS,
        "    upright.info = ",
        "    upright.encoderinfo = ",
        "test_the_place_of_a_picture",
    ),
    Mutant(
        5,
        "a picture on its side",
        MODELS,
        "ImageOps.exif_transpose(picture)",
        "picture.copy()",
        "test_the_place_of_a_picture",
    ),
    Mutant(
        5,
        "every column written as it was read",
        SERIALIZERS,
        "instance.save(update_fields=list(validated_data))",
        "instance.save()",
        "test_a_new_name_brings_no_old_picture_back",
    ),
    Mutant(
        5,
        "a new picture with the old size",
        MODELS,
        '{*update_fields, "width", "height"}',
        "update_fields",
        "test_files_go_with_their_image",
        SETTINGS,
    ),
    # Part 6
    Mutant(
        6,
        "no middleware",
        SETTINGS,
        '    "corsheaders.middleware.CorsMiddleware",\n',
        "",
        "test_our_front_end_may_read",
    ),
    Mutant(
        6,
        "the middleware last",
        SETTINGS,
        '    "corsheaders.middleware.CorsMiddleware",\n    "django.middleware.security.SecurityMiddleware",\n    "django.contrib.sessions.middleware.SessionMiddleware",\n    "django.middleware.common.CommonMiddleware",\n',
        '    "django.middleware.security.SecurityMiddleware",\n    "django.contrib.sessions.middleware.SessionMiddleware",\n    "django.middleware.common.CommonMiddleware",\n    "corsheaders.middleware.CorsMiddleware",\n',
        "test_our_front_end_may_read",
    ),
    Mutant(
        6,
        "every origin",
        SETTINGS,
        "CORS_ALLOWED_ORIGINS =",
        "CORS_ALLOW_ALL_ORIGINS = True\nCORS_ALLOWED_ORIGINS =",
        "test_no_other_page_may_read",
    ),
    Mutant(
        6,
        "a pattern without an end",
        SETTINGS,
        "CORS_ALLOWED_ORIGINS =",
        'CORS_ALLOWED_ORIGIN_REGEXES = [r"http://localhost:3000"]\nCORS_ALLOWED_ORIGINS =',
        "test_no_other_page_may_read",
    ),
    Mutant(
        6,
        "another port",
        SETTINGS,
        "http://127.0.0.1:3000",
        "http://127.0.0.1:8080",
        "test_a_preflight_of_our_front_end",
    ),
    Mutant(
        6,
        "cookies sent along",
        SETTINGS,
        "CORS_ALLOWED_ORIGINS =",
        "CORS_ALLOW_CREDENTIALS = True\nCORS_ALLOWED_ORIGINS =",
        "test_no_cookies_are_asked_for",
    ),
    # Part 7
    Mutant(
        7,
        "the permission forgotten",
        VIEWS,
        "    permission_classes = [IsAuthenticated]\n",
        "",
        "test_images_need_a_token",
    ),
    Mutant(
        7,
        "reading left open",
        VIEWS,
        "IsAuthenticated",
        "IsAuthenticatedOrReadOnly",
        "test_one_image_needs_a_token",
    ),
    Mutant(
        7,
        "products closed",
        VIEWS,
        "class ProductViewSet(CheckedFlexFieldsMixin, viewsets.ReadOnlyModelViewSet):",
        "class ProductViewSet(CheckedFlexFieldsMixin, viewsets.ReadOnlyModelViewSet):\n    permission_classes = [IsAuthenticated]",
        "test_products_stay_open",
    ),
    Mutant(
        7,
        "no JWT authentication",
        SETTINGS,
        '        "rest_framework_simplejwt.authentication.JWTAuthentication",\n',
        "",
        "test_an_access_token_opens_images",
    ),
    Mutant(
        7,
        "sessions open the API",
        SETTINGS,
        '        "rest_framework_simplejwt.authentication.JWTAuthentication",\n',
        '        "rest_framework_simplejwt.authentication.JWTAuthentication",\n        "rest_framework.authentication.SessionAuthentication",\n',
        "test_a_session_is_no_token",
    ),
    Mutant(
        7,
        "rotation left off",
        SETTINGS,
        '    "ROTATE_REFRESH_TOKENS": True,\n',
        "",
        "test_a_refresh_gives_a_new_pair",
    ),
    Mutant(
        7,
        "rotation left off, seen after ten days",
        SETTINGS,
        '    "ROTATE_REFRESH_TOKENS": True,\n',
        "",
        "test_who_comes_back_in_time",
    ),
    Mutant(
        7,
        "the refresh lifetime left at a day",
        SETTINGS,
        '    "REFRESH_TOKEN_LIFETIME": timedelta(days=15),\n',
        "",
        "test_a_refresh_token_expires",
    ),
    Mutant(
        7,
        "an access token for an hour",
        SETTINGS,
        "SIMPLE_JWT = {",
        'SIMPLE_JWT = {\n    "ACCESS_TOKEN_LIFETIME": timedelta(hours=1),',
        "test_an_access_token_expires",
    ),
    Mutant(
        7,
        "the view without the serializer",
        VIEWS,
        "    serializer_class = UsernameTokenObtainPairSerializer\n",
        "    pass\n",
        "test_the_username_is_a_claim",
        SERIALIZERS,
    ),
    Mutant(
        7,
        "the claim forgotten",
        SERIALIZERS,
        '        token["username"] = user.get_username()\n',
        "",
        "test_the_username_is_a_claim",
    ),
    Mutant(
        7,
        "an e-mail in a claim",
        SERIALIZERS,
        "user.get_username()",
        "user.get_username()\n        token['email'] = user.email",
        "test_nothing_private_is_a_claim",
        SETTINGS,
    ),
    Mutant(
        7,
        "no route for refreshing",
        URLS,
        '    path("token/refresh/", never_cache(TokenRefreshView.as_view()), name="token_refresh"),\n',
        "",
        "test_an_access_token_refreshes_nothing",
    ),
    Mutant(
        7,
        "no route for obtaining",
        URLS,
        'path("token/", ',
        'path("login/", ',
        "test_a_token_pair_is_obtained",
    ),
    Mutant(
        7,
        "a deleted user breaks refreshing",
        SETTINGS,
        '    "TOKEN_REFRESH_SERIALIZER": "reviews.serializers.ActiveUserTokenRefreshSerializer",\n',
        "",
        "test_a_user_who_is_gone",
        SERIALIZERS,
    ),
    Mutant(
        7,
        "a package that nothing uses",
        "requirements.txt",
        "djangorestframework-simplejwt",
        "pyjwt\ndjangorestframework-simplejwt",
        "test_the_requirements_are_what_is_used",
    ),
    Mutant(
        7,
        "nobody to log in as",
        "reviews/fixtures/demo.json",
        '"username": "demo"',
        '"username": "guest"',
        "test_the_demo_user_logs_in",
    ),
    Mutant(
        7,
        "a token kept by a cache",
        URLS,
        "never_cache(TokenRefreshView.as_view())",
        "TokenRefreshView.as_view()",
        "test_no_cache_keeps_a_token",
    ),
    Mutant(
        7,
        "a header in lower case refused",
        SETTINGS,
        '("Bearer", "bearer")',
        '("Bearer",)',
        "test_the_scheme_has_no_case",
    ),
    Mutant(
        7,
        "a header asked for in lower case",
        SETTINGS,
        '("Bearer", "bearer")',
        '("bearer", "Bearer")',
        "test_the_scheme_has_no_case",
    ),
    Mutant(
        7,
        "a page that cannot read what is missing",
        SETTINGS,
        'CORS_EXPOSE_HEADERS = ["WWW-Authenticate"]\n',
        "",
        "test_a_page_may_read_what_is_missing",
    ),
    Mutant(
        7,
        "the public key in production",
        SETTINGS,
        "if not DEBUG and SECRET_KEY",
        "if False and SECRET_KEY",
        "test_the_public_key",
    ),
    # Part 8
    Mutant(
        8,
        "guessing not slowed down",
        ACCOUNT_VIEWS,
        '    throttle_scope = "login"\n',
        "",
        "test_guessing_is_slowed_down and not admin",
    ),
    Mutant(
        8,
        "a made-up address believed",
        SETTINGS,
        '    "NUM_PROXIES": 0,\n',
        "",
        "test_a_made_up_address",
    ),
    Mutant(
        8,
        "an old token in the way",
        ACCOUNT_VIEWS,
        "    authentication_classes = []\n",
        "",
        "test_an_old_token_is_not_in_the_way",
    ),
    Mutant(
        8,
        "the password shown",
        ACCOUNTS,
        "password = PasswordField(trim_whitespace=False)",
        "password = serializers.CharField(trim_whitespace=False)",
        "test_no_password_comes_back",
    ),
    Mutant(
        8,
        "one's own name for a password",
        ACCOUNTS,
        "validate_password(password, User(**attrs))",
        "validate_password(password)",
        "test_one_s_own_data_is_no_password",
    ),
    Mutant(
        8,
        "a lost race answered with 500",
        ACCOUNTS,
        "except IntegrityError as error",
        "except ZeroDivisionError as error",
        "test_of_two_at_the_same_moment",
    ),
    Mutant(
        8,
        "an e-mail taken in capitals",
        ACCOUNTS,
        '                lookup="iexact",\n',
        "",
        "test_an_e_mail_in_capitals",
    ),
    Mutant(
        8,
        "an index for small letters only",
        "accounts/migrations/0001_unique_email.py",
        "lower(email)",
        "email",
        "test_the_database_keeps_e_mails_apart",
        "accounts/migrations/",
    ),
    Mutant(
        8,
        "the password not hashed",
        ACCOUNTS,
        "User.objects.create_user(",
        "User.objects.create(",
        "test_no_password_comes_back",
    ),
    Mutant(
        8,
        "the admin without its check",
        "accounts/admin.py",
        "    form = UniqueEmailChangeForm\n",
        "    pass\n",
        "test_the_admin_keeps_e_mails_apart",
    ),
    Mutant(
        8,
        "the login elsewhere",
        "accounts/urls.py",
        '"login/"',
        '"signin/"',
        "test_tokens_are_at_auth",
    ),
    Mutant(
        8,
        "no throttle in use",
        SETTINGS,
        '    "DEFAULT_THROTTLE_CLASSES": ["rest_framework.throttling.ScopedRateThrottle"],\n',
        "",
        "test_guessing_is_slowed_down and not admin",
        ACCOUNT_VIEWS,
    ),
    Mutant(
        8,
        "any number of registrations",
        ACCOUNT_VIEWS,
        '    throttle_scope = "register"\n',
        "",
        "test_registering_is_slowed_down",
    ),
    Mutant(
        8,
        "guessing from many clients",
        ACCOUNTS,
        "        limit.check()\n",
        "        limit.allow_request(None, None)\n",
        "test_guessing_at_one_account",
    ),
    Mutant(
        8,
        "counts pushed out by made-up names",
        SETTINGS,
        '        "OPTIONS": {"MAX_ENTRIES": 100_000},\n',
        "",
        "test_made_up_names",
    ),
    Mutant(
        8,
        "an account locked by its owner",
        ACCOUNTS,
        "        limit.forget()  # the right password: what counts is failures\n",
        "",
        "test_the_right_password_does_not_count",
    ),
    Mutant(
        8,
        "locked out for an hour",
        THROTTLES,
        "15 * 60",
        "60 * 60",
        "test_nobody_is_locked_out",
        THROTTLES,
    ),
    Mutant(
        8,
        "any number of refreshes",
        ACCOUNTS,
        '        Limit("refresh", user.pk).check()\n',
        "",
        "test_refreshing_is_slowed_down",
    ),
    Mutant(
        8,
        "one limit for everybody's refreshes",
        ACCOUNTS,
        'Limit("refresh", user.pk)',
        'Limit("refresh", "")',
        "test_refreshing_is_slowed_down",
    ),
    Mutant(
        8,
        "guessing in the admin",
        ACCOUNT_ADMIN,
        "admin.site.login_form = LimitedLoginForm\n",
        "",
        "test_guessing_is_slowed_down_in_the_admin",
    ),
    Mutant(
        8,
        "one client guesses in the admin",
        ACCOUNT_ADMIN,
        "            client.check()\n",
        "",
        "test_guessing_is_slowed_down_in_the_admin",
    ),
    Mutant(
        8,
        "many clients guess in the admin",
        ACCOUNT_ADMIN,
        "            account.check()\n",
        "            account.allow_request(None, None)\n",
        "test_guessing_is_slowed_down_in_the_admin",
    ),
    Mutant(
        8,
        "a trimmed password",
        ACCOUNTS,
        "password = PasswordField(trim_whitespace=False)",
        "password = PasswordField()",
        "test_a_password_is_as_typed",
    ),
    Mutant(
        8,
        "a password trimmed at login",
        ACCOUNTS,
        '        self.fields["password"].trim_whitespace = False\n',
        "",
        "test_a_password_is_as_typed",
    ),
    Mutant(
        8,
        "a name validated as it was typed",
        FIELDS,
        "text = normalize(text)",
        "pass",
        "test_a_name_has_one_spelling",
        ACCOUNTS,
    ),
    Mutant(
        8,
        "a name looked for as it was typed",
        ACCOUNTS,
        '        self.fields["username"] = UsernameField(max_length=150, write_only=True)\n',
        "",
        "test_a_name_has_one_spelling",
    ),
    Mutant(
        8,
        "a long text looked up",
        FIELDS,
        '            self.fail("max_length", max_length=self.max_length)',
        "            pass",
        "test_a_long_text_is_not_looked_up",
    ),
    Mutant(
        8,
        "an e-mail twice beyond ASCII",
        FIELDS,
        ".to_internal_value(data).lower()",
        ".to_internal_value(data)",
        "test_an_e_mail_is_unique_beyond_ascii",
        ACCOUNTS,
    ),
    Mutant(
        8,
        "an e-mail twice beyond ASCII, by the admin",
        ACCOUNT_ADMIN,
        'normalize(self.cleaned_data["email"]).lower()',
        'self.cleaned_data["email"]',
        "test_an_e_mail_is_unique_beyond_ascii",
        ACCOUNTS,
    ),
    Mutant(
        8,
        "old e-mails in their old spelling",
        "accounts/migrations/0002_one_spelling.py",
        ".lower()",
        "",
        "test_what_is_stored_gets_one_spelling",
        "accounts/migrations/",
    ),
    Mutant(
        8,
        "a page that cannot read how long to wait",
        SETTINGS,
        '"Retry-After", ',
        "",
        "test_a_page_may_read_how_long",
    ),
    Mutant(
        8,
        "readers wait for writers",
        SETTINGS,
        "PRAGMA journal_mode=WAL; ",
        "",
        "test_readers_do_not_wait",
    ),
    Mutant(
        8,
        "a transaction that writes too late",
        SETTINGS,
        '            "transaction_mode": "IMMEDIATE",\n',
        "",
        "test_whoever_has_read_may_write",
    ),
    # Part 9
    Mutant(
        9,
        "old tokens go on",
        SETTINGS,
        '    "CHECK_REVOKE_TOKEN": True,\n',
        "",
        "test_a_new_password_voids_the_old_tokens",
    ),
    Mutant(
        9,
        "old tokens refresh",
        ACCOUNTS,
        'JWTAuthentication().get_user(self.token_class(attrs["refresh"]))',
        'User.objects.get(pk=self.token_class(attrs["refresh"])["user_id"])',
        "test_a_new_password_voids_the_old_tokens",
        SETTINGS,
    ),
    Mutant(
        9,
        "anybody's profile",
        ACCOUNT_VIEWS,
        "[IsAuthenticated, IsSelf]",
        "[IsAuthenticated]",
        "test_only_one_s_own",
        "accounts/permissions.py",
    ),
    Mutant(
        9,
        "an answer that tells who exists",
        "accounts/permissions.py",
        "def has_permission(self, request, view):",
        "def has_object_permission(self, request, view, obj):",
        "test_only_one_s_own",
    ),
    Mutant(
        9,
        "the old password not asked",
        ACCOUNTS,
        "if not self.instance.check_password(value):",
        "if False:",
        "test_a_bad_change_is_refused",
    ),
    Mutant(
        9,
        "a lookalike of a name",
        FIELDS,
        "text = normalize(text)",
        "pass",
        "test_a_taken_name_is_refused",
        ACCOUNTS,
    ),
    Mutant(
        9,
        "a comment without its author",
        VIEWS,
        "serializer.save(user=self.request.user)",
        "serializer.save()",
        "test_a_member_comments",
    ),
    Mutant(
        9,
        "anybody's comment",
        VIEWS,
        "[IsAuthenticatedOrReadOnly, IsOwner]",
        "[IsAuthenticatedOrReadOnly]",
        "test_only_the_author_changes",
    ),
    Mutant(
        9,
        "a comment given away",
        SERIALIZERS,
        '        read_only_fields = ["user"]\n',
        "",
        "test_only_the_author_changes",
        VIEWS,
    ),
    Mutant(
        9,
        "anybody's image",
        VIEWS,
        "[IsAuthenticated, IsStaff]",
        "[IsAuthenticated]",
        "test_only_staff_changes_an_image",
    ),
    Mutant(
        9,
        "a new password undone",
        ACCOUNTS,
        "        User.objects.filter(pk=instance.pk).update(**validated_data)\n        return get_object_or_404(User, pk=instance.pk)\n",
        "        return super().update(instance, validated_data)\n",
        "test_a_new_password_is_not_undone",
    ),
    Mutant(
        9,
        "a deactivation undone",
        ACCOUNTS,
        "        User.objects.filter(pk=instance.pk).update(**validated_data)\n        return get_object_or_404(User, pk=instance.pk)\n",
        "        return super().update(instance, validated_data)\n",
        "test_a_deactivated_user_stays_out",
    ),
    Mutant(
        9,
        "one of two changes lost",
        ACCOUNTS,
        "        User.objects.filter(pk=instance.pk).update(**validated_data)\n        return get_object_or_404(User, pk=instance.pk)\n",
        "        return super().update(instance, validated_data)\n",
        "test_two_changes_of_a_profile",
    ),
    Mutant(
        9,
        "a deleted user brought back",
        ACCOUNTS,
        "        User.objects.filter(pk=instance.pk).update(**validated_data)\n        return get_object_or_404(User, pk=instance.pk)\n",
        "        return super().update(instance, validated_data)\n",
        "test_a_deleted_user_stays_deleted",
    ),
    Mutant(
        9,
        "a deleted user answered with 500",
        ACCOUNTS,
        "get_object_or_404(User, pk=instance.pk)",
        "User.objects.get(pk=instance.pk)",
        "test_a_deleted_user_stays_deleted",
    ),
    Mutant(
        9,
        "a lost race for a name answered with 500",
        ACCOUNTS,
        "except IntegrityError as error",
        "except ZeroDivisionError as error",
        "test_a_name_that_is_taken_meanwhile",
    ),
    Mutant(
        9,
        "two new passwords",
        ACCOUNTS,
        ", password=instance.password)",
        ")",
        "test_of_two_new_passwords",
    ),
    Mutant(
        9,
        "a new password that was not stored",
        ACCOUNTS,
        '        if not unchanged.update(password=make_password(validated_data["password"])):',
        '        if unchanged.update(password=make_password(validated_data["password"])) is None:',
        "test_of_two_new_passwords",
    ),
    Mutant(
        9,
        "an old password trimmed",
        ACCOUNTS,
        "old_password = PasswordField(trim_whitespace=False)",
        "old_password = PasswordField()",
        "test_an_old_password_is_as_typed",
    ),
    Mutant(
        9,
        "any number of guesses at the old password",
        ACCOUNT_VIEWS,
        '    throttle_scope = "change_password"\n',
        "",
        "test_guessing_the_old_password",
    ),
    Mutant(
        9,
        "a page of the admin writes everything",
        ACCOUNT_ADMIN,
        "        if not change:\n",
        "        if True:\n",
        "test_the_admin_writes_what_was_changed",
    ),
    Mutant(
        9,
        "a group that is no column",
        ACCOUNT_ADMIN,
        " if name in columns}",
        "}",
        "test_the_admin_still_stores_everything",
    ),
    Mutant(
        9,
        "the admin's password form writes everything",
        ACCOUNT_ADMIN,
        "    change_password_form = OnlyPasswordChangeForm\n",
        "",
        "test_the_admin_s_password_form",
    ),
    Mutant(
        9,
        "every column of a comment written as it was read",
        SERIALIZERS,
        "instance.save(update_fields=[*validated_data, *self.derived_fields])",
        "instance.save()",
        "test_two_changes_of_a_comment",
    ),
    Mutant(
        9,
        "a change without its time",
        SERIALIZERS,
        '    derived_fields = ["updated"]\n',
        "",
        "test_two_changes_of_a_comment",
    ),
    Mutant(
        9,
        "a product rounded",
        SERIALIZERS,
        '        extra_kwargs = {"product": {"pk_field": serializers.IntegerField()}}\n',
        "",
        "test_a_product_is_a_whole_number",
    ),
    Mutant(
        9,
        "a comment's page that cannot be drawn",
        VIEWS,
        "class CommentViewSet(LockedWritesMixin, CheckedFlexFieldsMixin, ",
        "class CommentViewSet(LockedWritesMixin, FlexFieldsMixin, ",
        "test_a_page_of_comments_refuses",
    ),
    Mutant(
        9,
        "a row changed as it was read",
        VIEWS,
        "            serializer.instance = self.locked(serializer.instance)\n",
        "",
        "test_of_two_uploads",
    ),
    Mutant(
        9,
        "a deleted comment changed",
        VIEWS,
        "            serializer.instance = self.locked(serializer.instance)\n",
        "",
        "test_a_comment_that_is_deleted_meanwhile",
    ),
    Mutant(
        9,
        "a row deleted as it was read",
        VIEWS,
        "self.locked(instance).delete()",
        "instance.delete()",
        "test_an_image_that_is_deleted",
    ),
    Mutant(
        9,
        "a lock that is gone before it is needed",
        VIEWS,
        "with transaction.atomic():",
        "if transaction:",
        "test_a_row_is_read_and_written_in_one",
    ),
    Mutant(
        9,
        "an editor writes every column",
        ADMIN,
        "            save_changes(obj, form)\n        else:",
        "            obj.save()\n        else:",
        "test_an_editor_writes_what_was_changed",
    ),
    Mutant(
        9,
        "an editor writes every column of an offer",
        ADMIN,
        "    formset = ChangesFormSet\n",
        "",
        "test_an_editor_writes_what_was_changed_of_an_offer",
    ),
    Mutant(
        9,
        "an editor's change without its time",
        ADMIN,
        '[*form.changed_data, "updated"]',
        "form.changed_data",
        "test_an_editor_adds_and_changes",
    ),
    Mutant(
        9,
        "an order without an index",
        "reviews/migrations/0003_indexes.py",
        "models.CharField(db_index=True, ",
        "models.CharField(",
        "test_an_order_has_an_index",
        MODELS,
    ),
    Mutant(
        9,
        "comments without an index",
        "reviews/migrations/0003_indexes.py",
        "auto_now_add=True, db_index=True",
        "auto_now_add=True",
        "test_an_order_has_an_index",
        MODELS,
    ),
    # Part 10
    Mutant(
        10,
        "the rotated token goes on",
        SETTINGS,
        '    "BLACKLIST_AFTER_ROTATION": True,\n',
        "",
        "test_a_refresh_token_is_good_for_one_refresh",
    ),
    Mutant(
        10,
        "two winners",
        "accounts/tokens.py",
        "if not created:",
        "if False:",
        "test_of_two_refreshes_at_the_same_moment",
    ),
    Mutant(
        10,
        "somebody else logged out",
        ACCOUNTS,
        'if str(token.get("user_id")) != str(self.context["request"].user.pk):',
        "if False:",
        "test_nobody_logs_somebody_else_out",
    ),
    Mutant(
        10,
        "a rubbish token answered with 500",
        ACCOUNTS,
        "            token = SingleUseRefreshToken(value)\n        except TokenError",
        "            token = SingleUseRefreshToken(value)\n        except ZeroDivisionError",
        "test_a_rubbish_logout_is_refused",
    ),
    Mutant(
        10,
        "everybody logged out",
        ACCOUNT_VIEWS,
        "filter(user=request.user, ",
        "filter(",
        "test_a_logout_everywhere",
    ),
    Mutant(
        10,
        "a logout without a token",
        ACCOUNT_VIEWS,
        "class LogoutAllView(APIView):\n    permission_classes = [IsAuthenticated]\n",
        "class LogoutAllView(APIView):\n",
        "test_a_logout_needs_a_token",
    ),
    Mutant(
        10,
        "an access token for an hour",
        SETTINGS,
        "SIMPLE_JWT = {",
        'SIMPLE_JWT = {\n    "ACCESS_TOKEN_LIFETIME": timedelta(hours=1),',
        "test_after_five_minutes",
    ),
    Mutant(
        10,
        "a lost race for a logout answered with 500",
        ACCOUNTS,
        '            self.validated_data["refresh"].blacklist()\n        except TokenError',
        '            self.validated_data["refresh"].blacklist()\n        except ZeroDivisionError',
        "test_of_two_logouts_at_the_same_moment",
    ),
    Mutant(
        10,
        "two logouts in each other's way",
        ACCOUNT_VIEWS,
        ", ignore_conflicts=True",
        "",
        "test_a_logout_during",
    ),
    Mutant(
        10,
        "a number that is nobody",
        ACCOUNTS,
        'str(token.get("user_id"))',
        'token.get("user_id")',
        "test_a_number_in_a_token",
    ),
]


@pytest.mark.parametrize("mutant", MUTANTS, ids=str)
def test_a_mistake_is_caught(mutant, mutated, pool):
    """The named test goes red, its advice names the file, and the diagnosis names it first."""
    part, copy = mutated(mutant)
    seen = pool.check(part, copy, promises=[mutant.caught_by], options=["--snapshot"], look=False)
    failed = seen.outcome.failed
    assert failed, f"no test went red:\n{seen.log}"
    named = {line["file"] for line in failed}
    assert (mutant.open or mutant.file) in named, f"the advice names {named}: {failed[0]['said']}"
    for line in failed:
        assert line["said"] and line["question"], f"a learner would read too little: {line}"
    cause = seen.diagnosis.causes[0]
    # Where the mistake is, or where the promise's own question leads.
    assert cause.file.startswith((mutant.file, mutant.open or mutant.file)), cause


@pytest.mark.parametrize("asked", ASKED, ids=str)
def test_a_mistake_of_others_is_named_first(asked, mutated, pool):
    """The first thing that is said names the file, and the cause."""
    part, copy = mutated(asked)
    select = {"promises": [asked.only], "options": []} if asked.only else {"modules": [part]}
    seen = pool.check(part, copy, twice=asked.words == "restart", **select)
    assert seen.diagnosis.causes, f"nobody noticed; {len(seen.outcome.results)} promises hold"
    cause = seen.diagnosis.causes[0]
    assert cause.file.startswith(asked.open or asked.file), cause
    said = " ".join([cause.seen, cause.said, cause.code, cause.todo]).lower()
    for words in asked.words.split("|"):
        assert words.lower() in said, cause


BY_NAME = {str(one): one for one in ASKED}


@pytest.mark.parametrize("mistake", SEEN_BY)
def test_a_mistake_turns_these_promises_red(mistake, mutated, pool):
    """Each promise that is named beside a mistake notices it."""
    part, copy = mutated(BY_NAME[mistake])
    goes_red(pool.check(part, copy, promises=SEEN_BY[mistake], options=[], look=False), mistake)


@pytest.mark.parametrize("undone", UNDONE, ids=lambda undone: undone[4][0])
def test_a_promise_goes_red(undone, mutated, pool):
    """A promise that no mistake of learners breaks is broken on purpose."""
    number, file, old, new, promises = undone
    part, copy = mutated(Mutant(number, promises[0], file, old, new, promises[0]))
    goes_red(pool.check(part, copy, promises=promises, options=[], look=False), *promises)


def goes_red(seen, *promises):
    failed = {one["id"].partition("::")[2].partition("[")[0] for one in seen.outcome.failed}
    wanted = {name for one in promises for name in SEEN_BY.get(one, [one])}
    assert wanted <= failed, f"{wanted - failed} noticed nothing\n{seen.log}"


def test_every_promise_is_seen_to_go_red():
    """By a mutant, by a mistake that people ask about, or with a reason why not."""
    written = {
        name
        for path in CHECKPOINTS.glob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", path.read_text("utf-8"), re.MULTILINE)
    }
    caught = tuple(mutant.caught_by for mutant in MUTANTS)
    named = {name for name in written if name.startswith(caught)}
    named |= {name for names in SEEN_BY.values() for name in names}
    named |= {name for undone in UNDONE for name in undone[4]}
    assert written - named == set(EXCUSED), "name a mistake for each, or excuse it"


def test_the_table_is_long_enough():
    """Eighty mistakes at least, each once."""
    assert len(ASKED) >= 80
    assert len({(one.number, one.file, one.old, one.new) for one in ASKED}) == len(ASKED)
