# One base, two targets: `app` (server, migrations) and `worker` (jobs, beat).
#   docker build --target app -t probeboard-app .

FROM python:3.13-slim AS builder
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
# Pins first: this layer is rebuilt only when they change. The environment itself gets no pip.
COPY requirements/server.txt requirements/build.txt requirements/
RUN python -m venv --without-pip /venv \
    && pip --python /venv/bin/python install --require-hashes --requirement requirements/server.txt \
    && pip install --require-hashes --requirement requirements/build.txt
COPY pyproject.toml README.md LICENSE ./
COPY probeboard probeboard
COPY app app
COPY worker worker
COPY migrations migrations
RUN pip wheel --no-deps --no-build-isolation --wheel-dir /dist . \
    && pip --python /venv/bin/python install --no-deps /dist/*.whl

FROM python:3.13-slim AS base
# A number, so that Kubernetes can see that it is not root. The blobs' volume inherits the owner.
RUN groupadd --system --gid 10001 probeboard \
    && useradd --system --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent probeboard \
    && install --directory --owner=probeboard --group=probeboard --mode=0750 /var/lib/probeboard/blobs
COPY --from=builder /venv /venv
WORKDIR /srv/probeboard
COPY alembic.ini ./
COPY migrations migrations
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    BLOB_ROOT=/var/lib/probeboard/blobs \
    MPLCONFIGDIR=/tmp/matplotlib \
    OPENBLAS_NUM_THREADS=1 \
    OMP_NUM_THREADS=1
VOLUME /var/lib/probeboard/blobs
USER 10001:10001

FROM base AS app
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/health/live', timeout=4)"]
CMD ["uvicorn", "--factory", "app.main:create_app_from_environment", "--no-access-log", "--host", "0.0.0.0", "--port", "8000", "--timeout-graceful-shutdown", "20"]

FROM base AS worker
HEALTHCHECK --interval=60s --timeout=20s --start-period=60s --retries=3 \
    CMD ["sh", "-c", "celery -A worker.celery_app inspect ping --timeout 10 --destination celery@$(hostname)"]
CMD ["celery", "--quiet", "-A", "worker.celery_app", "worker", "--without-gossip", "--without-mingle"]
