"""An application in Python, on a library that has nothing to do with ours: asks, waits for where somebody was sent back, and calls."""

import json
import sys

from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session
from authlib.jose import JsonWebKey, jwt
from authlib.oidc.core import CodeIDToken
from authlib.oauth2.rfc7636 import create_s256_code_challenge

issuer, client_id, secret, callback, api = sys.argv[1:6]
session = OAuth2Session(
    client_id,
    secret,
    scope="openid profile accounts.read offline_access",
    redirect_uri=callback,
    token_endpoint_auth_method="client_secret_basic",
    code_challenge_method="S256",
)
metadata = session.request(
    "GET", issuer + "/.well-known/openid-configuration", withhold_token=True
).json()
verifier, nonce = generate_token(48), generate_token(20)
url, state = session.create_authorization_url(
    metadata["authorization_endpoint"], code_verifier=verifier, nonce=nonce, prompt="consent"
)
print(json.dumps({"url": url}), flush=True)
back = sys.stdin.readline().strip()
token = session.fetch_token(
    metadata["token_endpoint"], authorization_response=back, state=state, code_verifier=verifier
)
keys = JsonWebKey.import_key_set(
    session.request("GET", metadata["jwks_uri"], withhold_token=True).json()
)
claims = jwt.decode(
    token["id_token"],
    keys,
    claims_cls=CodeIDToken,
    claims_options={"iss": {"values": [issuer]}, "aud": {"values": [client_id]}},
    claims_params={"nonce": nonce, "client_id": client_id, "access_token": token["access_token"]},
)
claims.validate()
called = session.get(api)
refreshed = session.refresh_token(
    metadata["token_endpoint"], refresh_token=token["refresh_token"]
)
called_again = session.get(api)
looked = session.introspect_token(
    metadata["introspection_endpoint"], token=refreshed["access_token"]
).json()
revoked = session.revoke_token(
    metadata["revocation_endpoint"], token=refreshed["access_token"]
).status_code
called_after = session.get(api)
print(
    json.dumps(
        {
            "sub": claims["sub"],
            "acr": claims.get("acr"),
            "statuses": [called.status_code, called_again.status_code, called_after.status_code],
            "active": looked["active"],
            "looked": looked.get("sub"),
            "revoked": revoked,
        }
    ),
    flush=True,
)
