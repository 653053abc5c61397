"""The command lines of the processes, the same here, in docker-compose.yml and in the README."""

MIGRATE = ("alembic", "upgrade", "head")
# The access log is the server's own: JSON, with request ids.
SERVER = ("uvicorn", "--factory", "app.main:create_app_from_environment", "--no-access-log")
# Quiet: a banner is no JSON line. Gossip and mingling tell workers of each other; these never ask,
# and start faster without.
CELERY = ("celery", "--quiet", "-A", "worker.celery_app")
WORKER = (*CELERY, "worker", "--without-gossip", "--without-mingle")
BEAT = (*CELERY, "beat")
# Threads: it waits for others all the time, and computes nothing.
NOTIFIER = (
    "celery", "--quiet", "-A", "worker.notifier", "worker", "--without-gossip",
    "--without-mingle", "--queues", "notices", "--pool", "threads", "--concurrency", "4",
)  # fmt: skip
