# The base image again, for Dependabot, which does not resolve ARG: https://github.com/dependabot/dependabot-core/issues/2057
FROM docker.io/library/node:24-slim@sha256:a9f5f7c91a432850b2a8a7797adf5eadb6c733ceed61167806cee7ea7fbc29df
