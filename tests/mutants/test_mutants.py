"""The test of the tests: mistakes that learners make, each caught, each with advice that helps.

Every mutant is one small edit of a copy of a part. The test named beside it must go red on the
copy, and what a learner then reads must name the file to open.
"""

import json
import subprocess
import sys
from dataclasses import dataclass

import pytest

from tutorial.ladder import ROOT, find
from tutorial.project_files import clean_copy


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
        "DjangoFilterBackend, filters",
        "filters",
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
        "class ProductViewSet(FlexFieldsMixin, viewsets.ReadOnlyModelViewSet):",
        "class ProductViewSet(FlexFieldsMixin, viewsets.ReadOnlyModelViewSet):\n    permission_classes = [IsAuthenticated]",
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
        '    path("token/refresh/", TokenRefreshView.as_view(), name="token_refresh"),\n',
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
    # Part 8
    Mutant(
        8,
        "guessing not slowed down",
        ACCOUNT_VIEWS,
        "    throttle_classes = [ScopedRateThrottle]\n",
        "",
        "test_guessing_is_slowed_down",
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
        "password = serializers.CharField(write_only=True, ",
        "password = serializers.CharField(",
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
        "test_a_registration_between",
    ),
    Mutant(
        8,
        "an e-mail taken in capitals",
        ACCOUNTS,
        '                lookup="iexact",\n',
        "",
        "test_a_bad_registration_is_refused",
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
        '        JWTAuthentication().get_user(self.token_class(attrs["refresh"]))\n',
        "",
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
        ACCOUNTS,
        "return User.normalize_username(value)",
        "return value",
        "test_a_taken_name_is_refused",
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
        'if token["user_id"] != str(self.context["request"].user.pk):',
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
]


@pytest.mark.parametrize("mutant", MUTANTS, ids=str)
def test_a_mistake_is_caught(mutant, tmp_path):
    """The named test goes red, and its advice names the file to open."""
    copy = tmp_path / "project"
    part = find(mutant.number)
    clean_copy(part.path, copy)
    path = copy / mutant.file
    code = path.read_text(encoding="utf-8")
    assert mutant.old in code, f"{mutant.file} of {part.slug} has changed: fix the table"
    path.write_text(code.replace(mutant.old, mutant.new), encoding="utf-8")

    report = tmp_path / "report.jsonl"
    checkpoints = ROOT / "tests" / "checkpoints"
    command = [sys.executable, "-m", "pytest", str(checkpoints), "-p", "no:cacheprovider", "-q"]
    command += [f"--part={part}", f"--project={copy}", f"--report={report}", "--snapshot"]
    run = subprocess.run(
        [*command, "-k", mutant.caught_by, "--tb=no"],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert run.returncode == 1, f"no test went red:\n{run.stdout}{run.stderr}"
    lines = [json.loads(line) for line in report.read_text(encoding="utf-8").splitlines()]
    failed = [line for line in lines if line.get("outcome") == "failed"]
    named = {line["file"] for line in failed}
    assert (mutant.open or mutant.file) in named, f"the advice names {named}: {failed[0]['said']}"
    for line in failed:
        assert line["said"] and line["question"], f"a learner would read too little: {line}"
    print(f"{failed[0]['said']} — {failed[0]['question']}")
