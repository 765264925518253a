package io.repackd.web;

import com.sun.net.httpserver.HttpServer;
import io.repackd.config.WebSettings;
import io.repackd.metrics.Exposition;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The HTTP server: metrics, health, readiness.
 *
 * <p>An address that is taken does not keep the daemon from its work: {@link #listen} says so, and is called again after
 * {@link #RETRY}. Thread-safe.
 */
public final class WebServer {
  /** After what time it is worth trying again to listen on an address that was taken. */
  public static final Duration RETRY = Duration.ofSeconds(30);

  private static final Logger LOG = LoggerFactory.getLogger(WebServer.class);

  /** So many slow clients can be served badly before a quick one has to wait. */
  private static final int THREADS = 8;

  /** A thread outlives its request a little, for the next of the same connection; between scrapes there is none. */
  private static final long KEEP_ALIVE_SECONDS = 2;

  /** How long {@link #stop} lets a scrape finish that is under way. */
  private static final int STOP_SECONDS = 1;

  private final Exposition exposition;
  private final Supplier<Health> health;
  private final Supplier<String> status;

  // All guarded by this.
  private @Nullable InetSocketAddress wanted;
  private @Nullable HttpServer server;
  private String lastComplaint = "";

  static {
    // Read by the JDK's server when it is first used, for the whole process. Without limits a
    // client
    // which sends or reads nothing holds its thread for ever.
    limit("sun.net.httpserver.maxReqTime", 10); // Seconds.
    limit("sun.net.httpserver.maxRspTime", 30); // Seconds; a scrape times out after 10 by default.
    limit("sun.net.httpserver.timerMillis", 10_000); // How often these two are looked at.
    limit("sun.net.httpserver.clockTick", 30_000); // And how often idle connections are, in ms.
    limit("jdk.httpserver.maxConnections", 64); // Browsers and scrapers of one machine.
  }

  private static void limit(String property, int value) {
    if (System.getProperty(property) == null) {
      System.setProperty(property, Integer.toString(value));
    }
  }

  /**
   * A server which listens nowhere yet.
   *
   * @param health is asked at each request
   * @param status what is done at the moment, as JSON; asked when somebody wants to know
   */
  public WebServer(Exposition exposition, Supplier<Health> health, Supplier<String> status) {
    this.exposition = exposition;
    this.health = health;
    this.status = status;
  }

  /**
   * Listens as the settings say: moves if the address is another than before, stops if there is to be no server, and does
   * nothing if all is as it should be.
   *
   * @return false if the address cannot be had now; the reason has been logged
   */
  public synchronized boolean listen(WebSettings settings) {
    InetSocketAddress address = settings.enabled() ? settings.listen() : null;
    if (!Objects.equals(address, wanted)) {
      stop();
      wanted = address;
    }
    return server != null || address == null || bind(address);
  }

  private boolean bind(InetSocketAddress address) {
    try {
      HttpServer created = HttpServer.create(resolved(address), 0);
      created.createContext("/", new Pages(exposition, health, status));
      created.setExecutor(threads());
      created.start();
      server = created;
      lastComplaint = "";
      LOG.info("listening on http://{}", text(created.getAddress()));
      return true;
    } catch (IOException e) {
      String complaint = "cannot listen on " + text(address) + ": " + e.getMessage();
      if (!complaint.equals(lastComplaint)) {
        LOG.error("{}; trying again every {} s", complaint, RETRY.toSeconds());
        lastComplaint = complaint;
      }
      return false;
    }
  }

  /** A name that could not be resolved when the configuration was read may be known by now. */
  private static InetSocketAddress resolved(InetSocketAddress address) throws IOException {
    InetSocketAddress again =
        address.isUnresolved()
            ? new InetSocketAddress(address.getHostString(), address.getPort())
            : address;
    if (again.isUnresolved()) {
      throw new IOException("unknown host");
    }
    return again;
  }

  private static ThreadPoolExecutor threads() {
    ThreadPoolExecutor threads =
        new ThreadPoolExecutor(
            THREADS,
            THREADS,
            KEEP_ALIVE_SECONDS,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            Thread.ofPlatform().name("web").daemon().factory());
    threads.allowCoreThreadTimeOut(true);
    return threads;
  }

  /** The address it listens on, with the port that was taken where any was allowed; empty if it does not listen. */
  public synchronized Optional<InetSocketAddress> address() {
    return Optional.ofNullable(server).map(HttpServer::getAddress);
  }

  /** Listens no more. {@link #listen} may be called again. */
  public synchronized void stop() {
    wanted = null;
    if (server != null) {
      server.stop(STOP_SECONDS);
      if (server.getExecutor() instanceof ThreadPoolExecutor threads) {
        threads.shutdown();
      }
      server = null;
    }
  }

  private static String text(InetSocketAddress address) {
    String host =
        address.isUnresolved() ? address.getHostString() : address.getAddress().getHostAddress();
    return (host.contains(":") ? "[" + host + "]" : host) + ":" + address.getPort();
  }
}
