"""How a question is answered: pure stages, one frozen struct each, until ``run``.

``Question`` → ``resolve`` → ``plan`` → ``compile`` → ``Store.fetch`` → ``Answer``.
"""
