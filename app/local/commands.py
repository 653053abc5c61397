"""The command lines of the processes, the same here, in docker-compose.yml and in the README."""

MIGRATE = ("alembic", "upgrade", "head")
SERVER = ("uvicorn", "--factory", "app.main:create_app_from_environment")
# Gossip and mingling tell workers of each other; these never ask, and start faster without.
WORKER = ("celery", "-A", "worker.celery_app", "worker", "--without-gossip", "--without-mingle")
BEAT = ("celery", "-A", "worker.celery_app", "beat")
