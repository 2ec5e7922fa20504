"""Which mistake turns each promise red, where the table of mutants names none.

A promise that nothing turns red may promise nothing. ``SEEN_BY`` names a mistake of
``asked.py`` for a promise; ``UNDONE`` makes one for it; ``EXCUSED`` says why there is none.
"""

SEEN_BY = {
    "3: a field that the model has not": [
        "test_a_list_is_newest_first",
        "test_a_browser_gets_a_page",
    ],
    "3: PAGE_SIZE outside of REST_FRAMEWORK": ["test_a_page_that_is_not_there"],
    "4: filter_backends is no list": [
        "test_a_product_that_is_not_there",
        "test_one_product_is_expanded",
        "test_nothing_is_expanded_unasked",
        "test_fields_are_chosen",
        "test_nonsense_is_refused_or_ignored",
    ],
    "5: no parser for forms": [
        "test_a_member_uploads_a_picture",
        "test_other_kinds_of_picture_are_taken",
        "test_every_kind_of_pixel_is_taken",
        "test_a_field_is_missing",
        "test_a_form_without_boundaries_is_refused",
        "test_a_browser_gets_a_form",
        "test_a_missing_file_breaks_no_list",
    ],
    "5: the images' route forgotten": [
        "test_images_take_no_more_queries",
        "test_images_come_in_pages",
    ],
    "6: the middleware misspelt": [
        "test_images_are_in_the_admin",
        "test_the_admin_takes_pictures_only",
    ],
    "7: a lifetime in seconds": [
        "test_tokens_are_at_token",
        "test_a_refresh_token_opens_nothing",
        "test_a_rubbish_header_is_refused",
        "test_a_forged_token_is_refused",
        "test_a_rotated_token_still_works",
        "test_a_forged_token_refreshes_nothing",
        "test_a_token_has_its_lifetime",
    ],
    "8: the app's routes not included": [
        "test_wrong_credentials_get_nothing",
        "test_an_inactive_user_gets_nothing",
        "test_a_login_field_is_missing",
        "test_a_user_registers_and_logs_in",
        "test_nobody_reads_who_has_registered",
        "test_a_new_user_is_nothing_more_than_a_member",
        "test_a_bad_registration_is_refused",
        "test_guessing_is_slowed_down",
        "test_only_logging_in_is_slowed_down",
    ],
    "9: the user not saved": ["test_a_password_is_changed"],
    "9: anyone's name under a comment": ["test_a_bad_comment_is_refused"],
    "10: the access token blacklisted": [
        "test_a_logout_ends_a_session",
        "test_the_access_token_outlives_the_logout",
        "test_another_session_goes_on",
        "test_a_second_logout_is_refused",
    ],
    "10: the blacklist not installed": ["test_what_has_expired_is_flushed"],
}

# The part, the file, what to replace by what, and the promises that see it.
UNDONE = [
    (1, "reviews/models.py", "content = models.TextField", "text = models.TextField",
     ["test_a_model_has_its_fields"]),
    (1, "reviews/migrations/__init__.py", "", "DELETE", ["test_each_app_has_its_migrations"]),
    (1, "reviews/models.py", 'related_name="products")', 'related_name="products", null=True)',
     ["test_the_checks_are_silent"]),
    (1, "medium/settings.py", '"DJANGO_SECRET_KEY", "', '"DJANGO_SECRET_KEY", os.urandom(9).hex() + "',
     ["test_the_signing_key_is_the_same_after_a_restart"]),
    (2, "medium/urls.py", "urlpatterns = [",
     "admin.site.has_permission = lambda request: True\n\nurlpatterns = [",
     ["test_nobody_else_gets_in"]),
    (7, "medium/settings.py", '"reviews.parsers.JSONParser"', '"rest_framework.parsers.JSONParser"',
     ["test_a_rubbish_body_is_refused"]),
    (7, "medium/settings.py", "timedelta(days=15)", "timedelta(minutes=1)",
     ["test_a_refresh_goes_on_where_the_access_token_ends"]),
    (8, "medium/urls.py", '    path("auth/", include("accounts.urls")),\n',
     '    path("auth/", include("accounts.urls")),\n    path("token/", include("accounts.urls")),\n'
     '    path("token/", admin.site.index),\n',
     ["test_the_old_addresses_are_gone"]),
    (8, "medium/settings.py", '"login": "10/min"', '"login": "10/hour"', ["test_the_limit_ends"]),
    (9, "accounts/views.py", "permission_classes = [IsAuthenticated, IsSelf]",
     "permission_classes = [AllowAny]", ["test_a_stranger_changes_nobody"]),
    (9, "accounts/serializers.py", 'fields = ["pk", "username", "email", "first_name", "last_name"]',
     'fields = ["pk", "username", "email", "first_name"]', ["test_a_profile_is_updated"]),
    (9, "accounts/serializers.py", "    email = EmailField(\n",
     "    email = EmailField(\n        required=False,\n", ["test_a_whole_profile_is_asked_for"]),
    (9, "accounts/views.py", "class UpdateProfileView(generics.UpdateAPIView):\n",
     "class UpdateProfileView(generics.UpdateAPIView):\n    def get_object(self):\n"
     "        return get_user_model()()\n\n", ["test_one_s_own_e_mail_is_not_taken"]),
    (9, "accounts/serializers.py", "        max_length=150,\n        validators",
     "        validators", ["test_a_profile_has_the_rules_of_a_registration"]),
    (9, "reviews/views.py", "[IsAuthenticatedOrReadOnly, IsOwner]", "[IsAuthenticated, IsOwner]",
     ["test_comments_are_read_by_all_and_written_by_members"]),
    (11, "accounts/sessions.py", 'token["sid"] = str(sid)', 'token["sid"] = str(sid).upper()',
     ["test_a_login_is_a_session", "test_both_tokens_name_their_session"]),
    (11, "accounts/sessions.py", "    new = new_token(session.user, session.pk)\n",
     "    new = new_token(session.user, session.pk)\n"
     '    Session.objects.create(user=session.user, current_jti=new["jti"])\n',
     ["test_after_a_thousand_refreshes_there_is_one_row"]),
    (11, "accounts/sessions.py",
     "    Session.objects.filter(pk=session.pk).end(Session.Reason.TOKEN_REUSED)\n", "",
     ["test_a_theft_on_a_real_server"]),
    (12, "accounts/sessions.py",
     "    Session.objects.filter(pk=session.pk).end(Session.Reason.TOKEN_REUSED)\n", "",
     ["test_a_retired_cookie_ends_the_session"]),
    (12, "accounts/browser.py", "[IsAuthenticated, IsBrowser]", "[IsBrowser]",
     ["test_a_password_change_needs_a_token"]),
    (12, "accounts/sessions.py", 'token["sid"] = str(sid)', 'token["sid"] = str(sid).upper()',
     ["test_a_browser_is_one_of_the_devices"]),
]  # fmt: skip

EXCUSED = {
    "test_the_four_commands_work": "a minute for each mistake; `nox -s follow` does the same",
    "test_the_demo_data_is_rich": "it counts what a file of ours holds",
    "test_a_huge_header_breaks_nothing": "Django's server refuses it, not the project",
    "test_of_a_crowd_one_wins": "a stress test: another promise forces the race",
    "test_no_password_is_lost_in_a_crowd": "a stress test: another promise forces the race",
    "test_nothing_is_lost_in_a_crowd": "a stress test: another promise forces the race",
    "test_in_a_crowd_of_tabs_one_wins": "a stress test: another promise forces the race",
    "test_a_refresh_during_a_new_password": "the session's end and the fingerprint would both "
    "have to fail",
    "test_in_a_crowd_one_wins": "a stress test: another promise forces the race",
}
