# Built as `docker build -t seldon-eventing .`; runs as a user without rights on a read-only root:
#   docker run --read-only --user 1000 -p 8080:8080 seldon-eventing --sdep iris --predictor-url http://model:9000

FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build
RUN npm prune --omit=dev

FROM node:24-bookworm-slim
WORKDIR /app
# Memory: docs/decisions/0009-heap-flags.md. The warning is kafkajs' (a timer of less than nothing)
# and says nothing to those who run this.
ENV NODE_ENV=production NODE_OPTIONS="--max-semi-space-size=8 --max-old-space-size=384"
COPY --from=build /app/package.json ./package.json
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
USER 1000:1000
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.HTTP_PORT || 8080}/livez`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# Not one of those that NODE_OPTIONS takes.
ENTRYPOINT ["node", "--heap-growing-percent=40", "dist/main.js"]
CMD ["adapter"]
