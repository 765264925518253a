package io.repackd.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Timer;
import io.repackd.config.WebSettings;
import io.repackd.metrics.Exposition;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(180)
class WebServerTest {
  private static final WebSettings ANY_PORT = new WebSettings(true, loopback(0));

  private final Exposition exposition = new Exposition();
  private volatile Health health = new Health(true, true, "running");
  private final WebServer server =
      new WebServer(exposition, () -> health, () -> "{\"state\":\"running\"}\n");
  private final HttpClient client = HttpClient.newHttpClient();

  @AfterEach
  void stop() {
    server.stop();
    client.close();
  }

  @Test
  void theStatusIsServedAsJson() throws Exception {
    server.listen(ANY_PORT);

    HttpResponse<String> response = get("/-/status");

    assertThat(response.headers().firstValue("Content-Type")).contains("application/json");
    assertThat(response.body()).isEqualTo("{\"state\":\"running\"}\n");
  }

  @Test
  void metricsAreServedAsPrometheusText() throws Exception {
    populate();

    HttpResponse<String> response = get("/metrics");

    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.headers().firstValue("Content-Type"))
        .contains("text/plain; version=0.0.4; charset=utf-8");
    assertThat(response.body()).isEqualTo(exposition.text()).contains("repackd_cycles_total 1.0");
  }

  @Test
  void metricsAreServedAsOpenMetricsToThoseWhoAskForIt() throws Exception {
    populate();

    HttpResponse<String> response =
        send(request("/metrics").header("Accept", "application/openmetrics-text; version=1.0.0"));

    assertThat(response.headers().firstValue("Content-Type").orElseThrow())
        .startsWith("application/openmetrics-text");
    assertThat(response.body()).contains("# TYPE repackd_cycles counter").endsWith("# EOF\n");
  }

  @Test
  void metricsAreCompressedForThoseWhoAskForIt() throws Exception {
    populate();

    HttpResponse<byte[]> response =
        client.send(
            request("/metrics").header("Accept-Encoding", "gzip").build(),
            BodyHandlers.ofByteArray());

    try (GZIPInputStream unzipped =
        new GZIPInputStream(new ByteArrayInputStream(response.body()))) {
      assertThat(new String(unzipped.readAllBytes(), StandardCharsets.UTF_8))
          .isEqualTo(exposition.text());
    }
  }

  @Test
  void theHighestOfTheLastMinutesIsNotPublished() throws Exception {
    Timer.builder("repackd_cycle_duration_seconds")
        .serviceLevelObjectives(Duration.ofSeconds(1))
        .register(exposition.meters());
    server.listen(ANY_PORT);

    assertThat(get("/metrics").body())
        .contains("repackd_cycle_duration_seconds_bucket")
        .doesNotContain("_max");
  }

  @Test
  void aRunningDaemonIsHealthyAndReady() throws Exception {
    server.listen(ANY_PORT);

    assertThat(get("/-/healthy").statusCode()).isEqualTo(200);
    assertThat(get("/-/ready").statusCode()).isEqualTo(200);
  }

  @Test
  void aDrainingDaemonIsHealthyButNotReady() throws Exception {
    server.listen(ANY_PORT);
    health = new Health(true, false, "draining");

    assertThat(get("/-/healthy").statusCode()).isEqualTo(200);
    HttpResponse<String> ready = get("/-/ready");
    assertThat(ready.statusCode()).isEqualTo(503);
    assertThat(ready.body()).isEqualTo("draining\n");
  }

  @Test
  void aFailedDaemonIsNotHealthy() throws Exception {
    server.listen(ANY_PORT);
    health = new Health(false, false, "failed");

    assertThat(get("/-/healthy").statusCode()).isEqualTo(503);
  }

  @Test
  void theFirstPageNamesTheOthers() throws Exception {
    server.listen(ANY_PORT);

    assertThat(get("/").body()).contains("/metrics", "/-/healthy", "/-/ready");
  }

  @Test
  void otherPathsAreNotFound() throws Exception {
    server.listen(ANY_PORT);

    for (String path : List.of("/metrics/", "/metricsandmore", "/-/", "/-/healthy/x", "/favicon")) {
      assertThat(get(path).statusCode()).as(path).isEqualTo(404);
    }
  }

  @Test
  void onlyReadingIsAllowed() throws Exception {
    server.listen(ANY_PORT);

    for (String method : List.of("POST", "PUT", "DELETE", "OPTIONS")) {
      HttpResponse<String> response =
          send(request("/metrics").method(method, BodyPublishers.ofString("x")));
      assertThat(response.statusCode()).as(method).isEqualTo(405);
      assertThat(response.headers().firstValue("Allow")).contains("GET, HEAD");
    }
  }

  @Test
  void headHasTheSameStatusAndNoBody() throws Exception {
    populate();

    for (String path : List.of("/", "/metrics", "/-/healthy", "/-/ready", "/missing")) {
      HttpResponse<String> head = send(request(path).method("HEAD", BodyPublishers.noBody()));
      HttpResponse<String> get = get(path);
      assertThat(head.statusCode()).as(path).isEqualTo(get.statusCode());
      assertThat(head.headers().firstValue("Content-Type"))
          .as(path)
          .isEqualTo(get.headers().firstValue("Content-Type"));
      assertThat(head.body()).isEmpty();
    }
  }

  @Test
  void clientsWhichSendHalfARequestDoNotKeepOthersWaiting() throws Exception {
    server.listen(ANY_PORT);
    List<Socket> slow = new ArrayList<>();
    try {
      for (int i = 0; i < 5; i++) {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), port());
        socket.getOutputStream().write("GET /metr".getBytes(StandardCharsets.US_ASCII));
        slow.add(socket);
      }

      assertThat(get("/-/healthy").statusCode()).isEqualTo(200);
    } finally {
      for (Socket socket : slow) {
        socket.close();
      }
    }
  }

  @Test
  void anAddressThatIsTakenIsTriedAgain() throws Exception {
    WebSettings settings;
    try (ServerSocket other = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      settings = new WebSettings(true, loopback(other.getLocalPort()));

      assertThat(server.listen(settings)).isFalse();
      assertThat(server.address()).isEmpty();
    }

    assertThat(server.listen(settings)).isTrue();
    assertThat(get("/").statusCode()).isEqualTo(200);
  }

  @Test
  void anUnknownHostIsNoReasonToStop() {
    assertThat(
            server.listen(
                new WebSettings(true, InetSocketAddress.createUnresolved("host.invalid", 9842))))
        .isFalse();
  }

  @Test
  void itMovesWhenTheAddressChangesAndStaysWhenItDoesNot() throws Exception {
    server.listen(ANY_PORT);
    int first = port();
    assertThat(server.listen(ANY_PORT)).isTrue();
    assertThat(port()).isEqualTo(first);

    int other;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      other = free.getLocalPort();
    }
    server.listen(new WebSettings(true, loopback(other)));

    assertThat(port()).isEqualTo(other);
    assertThat(get("/").statusCode()).isEqualTo(200);
  }

  @Test
  void itStopsWhenItIsDisabled() {
    server.listen(ANY_PORT);

    assertThat(server.listen(new WebSettings(false, loopback(0)))).isTrue();

    assertThat(server.address()).isEmpty();
  }

  private void populate() {
    Counter.builder("repackd_cycles_total")
        .description("Cycles.")
        .register(exposition.meters())
        .increment();
    server.listen(ANY_PORT);
  }

  private int port() {
    return server.address().orElseThrow().getPort();
  }

  private HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port() + path));
  }

  private HttpResponse<String> get(String path) throws IOException, InterruptedException {
    return send(request(path));
  }

  private HttpResponse<String> send(HttpRequest.Builder request)
      throws IOException, InterruptedException {
    return client.send(request.build(), BodyHandlers.ofString());
  }

  private static InetSocketAddress loopback(int port) {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
  }
}
