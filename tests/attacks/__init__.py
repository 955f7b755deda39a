"""What somebody tries who wants what is not theirs, each shown to fail.

Here stand the attacks that go over the whole server. Those on one part stand with that part's tests:

- refresh tokens used twice: ``contracts/accounts/test_refresh_and_logout.py``
- keys after revocation, roles that fall: ``control/test_access.py``, ``promises/test_permissions.py``
- rights of others' companies, by every id of every route: ``tenancy/test_every_route.py``
- host headers in links of mails, e-mail enumeration: ``contracts/accounts/test_recovery.py``, ``control/test_users.py``
- requests that the server is made to send (spellings of addresses, names that change): ``outbound``
- cookie sessions without their CSRF token: ``promises/test_identity.py``
- bodies that unfold, nest or never end: ``fuzz/test_hostile.py``
- secrets in logs: ``promises/test_secrets_stay_secret.py``
"""
