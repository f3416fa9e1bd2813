# What `make run` does, in a container. The base is pinned by its tag; to pin it to the bit, append the digest that your
# registry gives for it (FROM python:3.11.15-slim-bookworm@sha256:…).
FROM python:3.11.15-slim-bookworm

# The user who owns what is written into a mounted results folder: --build-arg UID="$(id -u)".
ARG UID=1000
ENV PIP_NO_CACHE_DIR=1

# Debian keeps only the newest version of a package within a release, so that a pinned one could not be had for long.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends make \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid "$UID" fundus \
    && install --directory --owner=fundus /fundus-anomaly /fundus-anomaly/results
WORKDIR /fundus-anomaly
USER $UID

# The environment's own layer, which a change of the code leaves alone.
COPY --chown=$UID Makefile requirements-installer.lock requirements.lock ./
RUN make .venv/.installed

COPY --chown=$UID . .
CMD ["make", "run"]
