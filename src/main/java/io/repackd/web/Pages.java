package io.repackd.web;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import io.prometheus.client.exporter.HTTPServer.HTTPMetricHandler;
import io.prometheus.client.exporter.common.TextFormat;
import io.repackd.metrics.Exposition;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.function.Supplier;

/** What is served under which path. Everything is read-only: {@code GET} and {@code HEAD}. */
final class Pages implements HttpHandler {
  private static final int OK = 200;
  private static final int NOT_FOUND = 404;
  private static final int METHOD_NOT_ALLOWED = 405;
  private static final int UNAVAILABLE = 503;

  /** The length which tells the JDK's server that no body follows. */
  private static final int NO_BODY = -1;

  private static final String CONTENTS =
      """
      repackd keeps git object stores fast while people work in them.

      /metrics     Prometheus metrics
      /-/healthy   200 while the daemon works
      /-/ready     200 while it is neither starting nor stopping
      /-/status    what it does at the moment, as JSON
      """;

  private static final String TEXT = "text/plain; charset=utf-8";
  private static final String JSON = "application/json";

  private record Page(int status, String text, String type) {
    Page(int status, String text) {
      this(status, text, TEXT);
    }
  }

  private final Supplier<Health> health;
  private final Supplier<String> status;
  private final HttpHandler metrics;

  Pages(Exposition exposition, Supplier<Health> health, Supplier<String> status) {
    this.health = health;
    this.status = status;
    this.metrics = new HTTPMetricHandler(exposition.collectors(), exposition::published);
  }

  @Override
  public void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      boolean head = exchange.getRequestMethod().equals("HEAD");
      if (!head && !exchange.getRequestMethod().equals("GET")) {
        exchange.getResponseHeaders().set("Allow", "GET, HEAD");
        send(exchange, new Page(METHOD_NOT_ALLOWED, "only GET and HEAD\n"), false);
        return;
      }
      Optional<Page> page = page(exchange.getRequestURI().getPath());
      if (page.isPresent()) {
        send(exchange, page.get(), head);
      } else if (head) {
        String accepted = exchange.getRequestHeaders().getFirst("Accept");
        exchange.getResponseHeaders().set("Content-Type", TextFormat.chooseContentType(accepted));
        exchange.sendResponseHeaders(OK, NO_BODY);
      } else {
        metrics.handle(exchange);
      }
    }
  }

  /** The page of a path; empty for the metrics. */
  private Optional<Page> page(String path) {
    Health now = health.get();
    return switch (path) {
      case "/metrics" -> Optional.empty();
      case "/" -> Optional.of(new Page(OK, CONTENTS));
      case "/-/healthy" ->
          Optional.of(new Page(now.alive() ? OK : UNAVAILABLE, now.state() + "\n"));
      case "/-/ready" -> Optional.of(new Page(now.ready() ? OK : UNAVAILABLE, now.state() + "\n"));
      case "/-/status" -> Optional.of(new Page(OK, status.get(), JSON));
      default -> Optional.of(new Page(NOT_FOUND, "not found\n"));
    };
  }

  private static void send(HttpExchange exchange, Page page, boolean head) throws IOException {
    byte[] body = page.text().getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", page.type());
    exchange.sendResponseHeaders(page.status(), head ? NO_BODY : body.length);
    if (!head) {
      exchange.getResponseBody().write(body);
    }
  }
}
