package io.repackd.container;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import com.github.dockerjava.api.model.AccessMode;
import com.github.dockerjava.api.model.Bind;
import com.github.dockerjava.api.model.Capability;
import com.github.dockerjava.api.model.Volume;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.awaitility.Awaitility;
import org.testcontainers.containers.Container.ExecResult;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.images.builder.ImageFromDockerfile;
import org.testcontainers.images.builder.Transferable;

/**
 * A Debian machine in a container: systemd is its first process. It has no network but the loopback address, so nothing is
 * published, and what is asked over HTTP is asked from inside.
 *
 * <p>The environment variable {@code REPACKD_TEST_IMAGE} names another base image, such as one with the packages in it.
 */
final class Machine implements AutoCloseable {
  /** Where the built distribution lies. */
  static final String DISTRIBUTION = "/mnt/repackd";

  /** Debian 12 has no JDK 25, so the one that runs the tests is put where Debian would have it. */
  private static final String JAVA_HOME = "/usr/lib/jvm/java-25";

  private static final Duration BOOT_LIMIT = Duration.ofMinutes(1);

  private final GenericContainer<?> container;

  private Machine(GenericContainer<?> container) {
    this.container = container;
  }

  /**
   * Builds the image if there is none yet, starts the machine, and returns when systemd is done.
   *
   * @param distribution what is found at {@link #DISTRIBUTION}
   */
  static Machine boot(Path distribution) {
    GenericContainer<?> container =
        new GenericContainer<>(image())
            .withNetworkMode("none")
            .withTmpFs(Map.of("/run", "", "/run/lock", ""))
            .withCreateContainerCmdModifier(command ->
                requireNonNull(command.getHostConfig())
                    // Bound here and not by withFileSystemBind, which first starts a
                    // container of another image to see whether binding works. Bound and
                    // not copied, because to copy a JDK takes minutes.
                    .withBinds(
                        new Bind("/sys/fs/cgroup", new Volume("/sys/fs/cgroup"), AccessMode.rw),
                        new Bind(
                            System.getProperty("java.home"), new Volume(JAVA_HOME), AccessMode.ro),
                        new Bind(distribution.toString(), new Volume(DISTRIBUTION), AccessMode.ro))
                    // For the mounts with which systemd builds the sandbox of a service.
                    .withCapAdd(Capability.SYS_ADMIN)
                    .withSecurityOpts(List.of("seccomp=unconfined", "apparmor=unconfined"))
                    // Where the group of the container is found below the bound directory.
                    .withCgroupnsMode("host"));
    container.start();
    Machine machine = new Machine(container);
    Awaitility.await("systemd boots")
        .atMost(BOOT_LIMIT)
        .untilAsserted(() ->
            assertThat(machine.run("systemctl is-system-running").out().strip())
                .as("the state of the system")
                // Degraded: the engine lacks something for a unit of Debian's. Ours are
                // looked at later.
                .isIn("running", "degraded"));
    return machine;
  }

  private static ImageFromDockerfile image() {
    String base =
        Optional.ofNullable(System.getenv("REPACKD_TEST_IMAGE")).orElse("debian:bookworm-slim");
    // Not deleted at exit: it is the same the next time, and takes minutes where
    // packages have to be fetched.
    return new ImageFromDockerfile("repackd-test-machine", false)
        .withFileFromString(
            "Dockerfile", resource("Dockerfile").replaceFirst("(?m)^FROM .*$", "FROM " + base));
  }

  /** A file of this package's resources. */
  static String resource(String name) {
    try (InputStream in = Machine.class.getResourceAsStream("/container/" + name)) {
      assertThat(in).as("the resource container/%s", name).isNotNull();
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Runs a shell script as root, whatever comes of it. */
  Output run(String script) {
    try {
      ExecResult result = container.execInContainer("bash", "-c", script);
      return new Output(result.getExitCode(), result.getStdout(), result.getStderr());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException("interrupted while waiting for " + script, e);
    }
  }

  /** Runs a shell script as root, which has to succeed, and returns its standard output without white space around it. */
  String check(String script) {
    Output output = run(script);
    assertThat(output.status()).as("%s\n%s%s", script, output.out(), output.err()).isZero();
    return output.out().strip();
  }

  /** The body of what answers to a GET on the loopback address; fails unless the status is 200. */
  String get(int port, String path) {
    String script =
        """
        exec 3<>/dev/tcp/127.0.0.1/%d
        printf 'GET %s HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' >&3
        cat <&3
        """
            .formatted(port, path.replace("%", "%%"));
    String answer = run(script).out();
    assertThat(answer).as("GET %s of port %d", path, port).startsWith("HTTP/1.1 200");
    return answer.substring(answer.indexOf("\r\n\r\n") + 4);
  }

  /** Writes a file. */
  void write(String path, String content, int mode) {
    container.copyFileToContainer(
        Transferable.of(content.getBytes(StandardCharsets.UTF_8), mode), path);
  }

  @Override
  public void close() {
    container.stop();
  }
}
