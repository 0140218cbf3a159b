"""Addresses of accounts."""

from django.urls import path

from apps.accounts.views import confirming, own, records, saved_views, signing_in, unions, users

app_name = "accounts"
urlpatterns = [
    path("", own.root, name="root"),
    path("sign-in/", signing_in.sign_in, name="sign_in"),
    path("sign-in-again/", signing_in.sign_in_again, name="sign_in_again"),
    path("demo-sign-in/", signing_in.demo_sign_in, name="demo_sign_in"),
    path("sign-out/", signing_in.sign_out, name="sign_out"),
    path("keep-alive/", signing_in.keep_alive, name="keep_alive"),
    path("me/", own.profile, name="profile"),
    path("me/password/", own.password_change, name="password_change"),
    path("me/sessions/", own.session_list, name="session_list"),
    path("me/sessions/end-others/", own.session_end_others, name="session_end_others"),
    path("me/sessions/<uuid:reference>/end/", own.session_end, name="session_end"),
    path("me/stand-ins/", own.stand_in_list, name="stand_in_list"),
    path("me/stand-ins/<int:pk>/end/", own.stand_in_end, name="stand_in_end"),
    path("me/events/", own.event_list, name="event_list"),
    path("me/views/save/", saved_views.view_save, name="view_save"),
    path("me/views/<int:pk>/delete/", saved_views.view_delete, name="view_delete"),
    path("users/", users.user_list, name="user_list"),
    path("users/new/", users.user_create, name="user_create"),
    path("users/<int:pk>/", users.user_detail, name="user_detail"),
    path("users/<int:pk>/edit/", users.user_edit, name="user_edit"),
    path("users/<int:pk>/grant/", users.role_grant, name="role_grant"),
    path("users/<int:pk>/revoke/<slug:role>/", users.role_revoke, name="role_revoke"),
    path("users/<int:pk>/deactivate/", users.user_deactivate, name="user_deactivate"),
    path("users/<int:pk>/activate/", users.user_activate, name="user_activate"),
    path("users/<int:pk>/reset-password/", users.password_reset, name="password_reset"),
    path("users/<int:pk>/unlock/", users.user_unlock, name="user_unlock"),
    path("confirm/", confirming.confirm_list, name="confirm_list"),
    path("confirm/grants/<int:pk>/", confirming.grant_confirm, name="grant_confirm"),
    path("confirm/grants/<int:pk>/refuse/", confirming.grant_refuse, name="grant_refuse"),
    path("confirm/resets/<int:pk>/", confirming.reset_confirm, name="reset_confirm"),
    path("confirm/resets/<int:pk>/refuse/", confirming.reset_refuse, name="reset_refuse"),
    path("unions/", unions.union_tree, name="union_tree"),
    path("unions/new/", unions.union_create, name="union_create"),
    path("unions/<int:pk>/edit/", unions.union_edit, name="union_edit"),
    path("access-records/", records.access_record_list, name="access_record_list"),
]
