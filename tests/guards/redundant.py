"""Guards without which no test turns red, each with the reason: another guard refuses the same, or it cannot be reached.

The key is the kind and the name as `make mutate-guards` prints them; `*` stands for anything.
"""

REDUNDANT: dict[str, str] = {
    "UNIQUE *_public_id_key": "drawn at random, never typed and never changed; kept for its index",
}
