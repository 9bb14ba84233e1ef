# ClapTrap in a container: the wheel is built in one stage, and runs in another that has no compiler and no Node.
# docker build -t claptrap . && docker run --rm -it -p 16045:16045 -p 6980:6980/udp -v claptrap:/data claptrap
FROM python:3.13-slim-bookworm AS build

WORKDIR /src
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1

COPY requirements.lock requirements-node.lock ./
RUN python -m venv /opt/claptrap \
 && /opt/claptrap/bin/pip install --require-hashes -r requirements.lock \
 && python -m venv /opt/build \
 && /opt/build/bin/pip install --require-hashes -r requirements.lock \
 && /opt/build/bin/pip install --require-hashes -r requirements-node.lock

COPY pyproject.toml hatch_build.py README.md README.fr.md LICENSE CHANGELOG.md ./
COPY frontend frontend
COPY src src
# A page that cannot be built is a failure here: the image would be no use without it.
ARG CLAPTRAP_COMMIT=""
RUN CLAPTRAP_REQUIRE_PAGE=1 CLAPTRAP_COMMIT="$CLAPTRAP_COMMIT" \
    /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /dist . \
 && /opt/claptrap/bin/pip install --no-deps /dist/claptrap-*.whl

FROM python:3.13-slim-bookworm

# libportaudio2: microphones of the host (docker run --device /dev/snd --group-add audio); with libasound2-plugins also those of a
# PulseAudio that the host lends, as Home Assistant does. Everything else is in the wheels.
# hadolint ignore=DL3008  # Debian's release pins it; a version here would only break the build at the next security update
RUN apt-get update \
 && apt-get install -y --no-install-recommends libasound2-plugins libportaudio2 \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 16045 --home-dir /data --groups audio claptrap \
 && install -d -o claptrap -g claptrap /data

COPY --from=build /opt/claptrap /opt/claptrap

USER 16045
VOLUME /data
ENV CLAPTRAP_DATA_DIR=/data CLAPTRAP_MODELS_DIR=/data/models CLAPTRAP_HOST=0.0.0.0
EXPOSE 16045/tcp 6980/udp
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
  CMD ["/opt/claptrap/bin/python", "-m", "claptrap.doctor.ask"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["/opt/claptrap/bin/claptrap"]
CMD ["serve"]
