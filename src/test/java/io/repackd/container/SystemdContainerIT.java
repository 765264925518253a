package io.repackd.container;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.AfterTestExecutionCallback;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.testcontainers.DockerClientFactory;

/**
 * The story of an installation, on one machine that systemd runs: installed, started, at work, watched, configured anew,
 * killed, stopped. The parts build upon each other, in their order.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class SystemdContainerIT {
  private static final Path DISTRIBUTION =
      Path.of(requireNonNull(System.getProperty("repackd.distribution")));

  private static final int REPACKD_PORT = 9842;
  private static final int PROMETHEUS_PORT = 9090;

  private static final String FIRST = "/srv/git/first.git";
  private static final int PACKS = 40;

  /** Two cycles, which are a minute apart, and time for a slow machine. */
  private static final Duration TWO_CYCLES = Duration.ofMinutes(4);

  private static final Duration SOON = Duration.ofSeconds(30);

  private Machine machine;

  @RegisterExtension
  AfterTestExecutionCallback showsTheJournalOfAFailure =
      context ->
          context
              .getExecutionException()
              .ifPresent(failure ->
                  System.err.println(
                      machine.run("journalctl --no-pager -n 60 -u repackd -u prometheus").out()));

  @BeforeAll
  void installs() {
    assumeTrue(
        DockerClientFactory.instance().isDockerAvailable(),
        "there is no Docker engine to start a container with; src/test/container/start-docker can"
            + " start one");
    machine = Machine.boot(DISTRIBUTION);
    machine.check(Machine.DISTRIBUTION + "/deploy/install");
    machine.write("/usr/local/bin/make-repository", Machine.resource("make-repository"), 0755);
    // What is looked at as root belongs to the user git.
    machine.check("git config --system --add safe.directory '*'");
    machine.check("install -d -o git -g git /srv/git && make-repository " + FIRST + " " + PACKS);
    configure(Machine.resource("repackd.conf"));
  }

  @AfterAll
  void switchesOff() {
    if (machine != null) {
      machine.close();
    }
  }

  @Test
  @Order(1)
  void theUnitsAreValidAndTheSystemUnitIsClosed() {
    assertThat(machine.run("systemd-analyze verify repackd.service"))
        .isEqualTo(new Output(0, "", ""));
    assertThat(
            machine.run(
                "XDG_RUNTIME_DIR=/run systemd-analyze verify --user"
                    + " /usr/lib/systemd/user/repackd.service"))
        .isEqualTo(new Output(0, "", ""));
    // The threshold is ten times the number that it prints; below 2 is "OK" in its own words.
    machine.check("systemd-analyze security --threshold=20 repackd.service");
  }

  @Test
  @Order(2)
  void startReturnsWhenTheDaemonIsReady() {
    machine.check("systemctl start repackd");
    assertThat(machine.check("systemctl is-active repackd")).isEqualTo("active");
    machine.get(REPACKD_PORT, "/-/ready");
  }

  @Test
  @Order(3)
  void theMainProcessIsJavaOfTheUserGitAndGivesWay() {
    String pid = machine.check("systemctl show --value -p MainPID repackd");
    assertThat(machine.check("ps -o comm=,user=,ni= -p " + pid).split("\\s+"))
        .containsExactly("java", "git", "19");
  }

  @Test
  @Order(4)
  void manyPacksBecomeFewAndEverythingStaysReadable() {
    assertThat(machine.check("git -C " + FIRST + " rev-list --count main"))
        .isEqualTo(Integer.toString(PACKS));
    await("the packs are put together, and the old ones are expired a cycle later")
        .atMost(TWO_CYCLES)
        .untilAsserted(() -> assertThat(packsOf(FIRST)).isBetween(1, 2));
    machine.check("git -C " + FIRST + " fsck --full --strict");
    machine.check("git -C " + FIRST + " multi-pack-index verify");
    assertThat(machine.check("git -C " + FIRST + " rev-list --count --objects main"))
        .as("commits, trees and blobs")
        .isEqualTo(
            machine.check(
                "git -C " + FIRST + " cat-file --batch-all-objects --batch-check | wc -l"));
  }

  @Test
  @Order(5)
  void theExpositionPassesPromtool() {
    machine.write("/tmp/metrics", metrics(), 0644);
    assertThat(machine.run("promtool check metrics < /tmp/metrics"))
        .isEqualTo(new Output(0, "", ""));
  }

  @Test
  @Order(6)
  void prometheusScrapesItAndNoAlertFires() {
    machine.check(
        """
        cp /usr/lib/repackd/deploy/prometheus/*.yml /etc/prometheus/
        sed 's/_interval: 15s/_interval: 1s/' /etc/prometheus/scrape.yml > /etc/prometheus/prometheus.yml
        systemctl restart prometheus
        """);
    await("Prometheus has the packs of the repository")
        .atMost(SOON)
        .ignoreExceptions()
        .untilAsserted(() ->
            assertThat(query("repackd_packs"))
                .contains("\"job\":\"repackd\"", "\"repository\":\"first\""));
    assertThat(query("up{job=\"repackd\"}==1")).contains("\"job\":\"repackd\"");
    assertThat(machine.get(PROMETHEUS_PORT, "/api/v1/rules"))
        .contains("RepackdRepositoryNotMaintained")
        .doesNotContain("\"health\":\"err\"");
    assertThat(query("ALERTS{alertstate=\"firing\"}")).contains("\"result\":[]");
  }

  @Test
  @Order(7)
  void theJournalTellsOfTheCycleWithItsPriority() {
    // It can be the loop that deletes the last of them; a cycle that has nothing to do is told
    // then.
    await("lines that tell of the cycles, as notices of no urgency, without a prefix left over")
        .atMost(TWO_CYCLES)
        .untilAsserted(() ->
            assertThat(
                    machine.check(
                        "journalctl --no-pager -o cat _SYSTEMD_UNIT=repackd.service -p info..info"))
                .containsPattern(
                    "(?m)^step (repack|aggregate) ok repository=first packs=\\d+ objects=\\d+"
                        + " bytes=")
                .containsPattern("(?m)^cycle ok repository=first packs=\\d+->[12] bytes="));
    assertThat(
            machine.check("journalctl --no-pager -o cat _SYSTEMD_UNIT=repackd.service -p warning"))
        .isEmpty();
  }

  @Test
  @Order(8)
  void reloadPicksUpAChange() {
    machine.check("make-repository /srv/git/second.git 3");
    configure(
        Machine.resource("repackd.conf")
            .replace("\"" + FIRST + "\"", "\"" + FIRST + "\", \"/srv/git/second.git\""));
    machine.check("systemctl reload repackd");
    await("the second repository is registered")
        .atMost(SOON)
        .untilAsserted(() ->
            assertThat(metrics())
                .containsPattern("(?m)^repackd_packs\\{.*repository=\"second\"")
                .contains("repackd_config_last_reload_successful 1"));
  }

  @Test
  @Order(9)
  void aBrokenConfigurationIsReportedAndTheOldOneStays() {
    String good = machine.check("cat /etc/repackd/repackd.conf");
    configure(good + "\nno-such-key = 1\n");
    machine.check("systemctl reload repackd");
    await("the failure is measured")
        .atMost(SOON)
        .untilAsserted(() ->
            assertThat(metrics())
                .contains("repackd_config_last_reload_successful 0")
                .containsPattern("(?m)^repackd_packs\\{.*repository=\"second\""));
    assertThat(machine.check("journalctl --no-pager -o cat _SYSTEMD_UNIT=repackd.service -p err"))
        .contains("/etc/repackd/repackd.conf", "no-such-key");
    assertThat(machine.check("systemctl is-active repackd")).isEqualTo("active");
    configure(good + "\n");
    machine.check("systemctl reload repackd");
    await("the repaired file is read")
        .atMost(SOON)
        .untilAsserted(
            () -> assertThat(metrics()).contains("repackd_config_last_reload_successful 1"));
  }

  @Test
  @Order(10)
  void aKilledDaemonComesBack() {
    String killed = machine.check("systemctl show --value -p MainPID repackd");
    machine.check("kill -9 " + killed);
    await("systemd starts it again")
        .atMost(SOON)
        .untilAsserted(() -> {
          assertThat(machine.run("systemctl is-active repackd").out().strip()).isEqualTo("active");
          assertThat(machine.check("systemctl show --value -p MainPID repackd"))
              .isNotEqualTo(killed);
        });
    machine.get(REPACKD_PORT, "/-/ready");
    machine.check("git -C " + FIRST + " fsck --full --strict");
  }

  @Test
  @Order(11)
  void stopEndsItWithinTenSeconds() {
    Instant before = Instant.now();
    machine.check("systemctl stop repackd");
    assertThat(Duration.between(before, Instant.now())).isLessThan(Duration.ofSeconds(10));
    assertThat(machine.check("systemctl show -p Result -p ActiveState repackd").lines())
        .containsExactlyInAnyOrder("Result=success", "ActiveState=inactive");
    assertThat(
            machine.check("find " + FIRST + " -name '*.lock' -o -name 'tmp_*' -o -name '*.keep'"))
        .as("what was left behind")
        .isEmpty();
  }

  @Test
  @Order(12)
  void aUserRunsItWithoutRoot() {
    machine.check(
        """
        useradd -m -u 1000 alice
        # What pam_systemd does, which is not in the image.
        mkdir -p /etc/systemd/system/user@.service.d
        printf '[Service]\\nEnvironment=XDG_RUNTIME_DIR=/run/user/%%i\\n' > /etc/systemd/system/user@.service.d/runtime.conf
        install -d -m 755 /run/user
        install -d -m 700 -o alice -g alice /run/user/1000
        systemctl daemon-reload
        systemctl start user@1000
        """);
    asAlice("git init -q src");
    asAlice("install -d .config/repackd");
    asAlice("echo 'repositories = [\"/home/alice/src\"]' > .config/repackd/repackd.conf");
    asAlice(Machine.DISTRIBUTION + "/deploy/install --user");
    asAlice("systemctl --user start repackd");
    assertThat(asAlice("systemctl --user is-active repackd")).isEqualTo("active");
    machine.get(REPACKD_PORT, "/-/ready");
    asAlice("systemctl --user stop repackd");
    assertThat(asAlice("systemctl --user show --value -p Result repackd")).isEqualTo("success");
  }

  private String asAlice(String command) {
    machine.write("/tmp/command", command, 0644);
    return machine.check(
        "runuser -u alice -- env -C /home/alice HOME=/home/alice XDG_RUNTIME_DIR=/run/user/1000 sh"
            + " -e /tmp/command");
  }

  private void configure(String configuration) {
    machine.write("/etc/repackd/repackd.conf", configuration, 0644);
  }

  private int packsOf(String repository) {
    return Integer.parseInt(machine.check("ls " + repository + "/objects/pack/*.pack | wc -l"));
  }

  private String metrics() {
    return machine.get(REPACKD_PORT, "/metrics");
  }

  /** What Prometheus answers to a query, as JSON. */
  private String query(String expression) {
    return machine.get(
        PROMETHEUS_PORT,
        "/api/v1/query?query=" + URLEncoder.encode(expression, StandardCharsets.UTF_8));
  }
}
