# MiniStack with the engine's client, so that its ECS can start real containers. For this test only.
ARG BASE_IMAGE=public.ecr.aws/docker/library/python:3.13-slim
FROM ${BASE_IMAGE}
RUN pip install --no-cache-dir --disable-pip-version-check --quiet ministack==1.5.33 docker==7.2.0 cryptography
CMD ["ministack"]
