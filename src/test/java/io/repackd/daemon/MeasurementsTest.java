package io.repackd.daemon;

import static io.repackd.TestRegistrations.EVERY_DAY;
import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.TestRegistrations;
import io.repackd.metrics.Exposition;
import io.repackd.metrics.RepositoryMetrics;
import io.repackd.registry.Registration;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class MeasurementsTest {
  private static final String LOOSE_OBJECTS = "repackd_loose_objects\\{repository=\"";

  private static final Registration LINUX = TestRegistrations.registration("linux", EVERY_DAY);
  private static final Registration GIT = TestRegistrations.registration("git", EVERY_DAY);

  private final FakeCycles cycles = new FakeCycles();
  private final Exposition exposition = new Exposition();
  private final RepositoryMetrics metrics = new RepositoryMetrics(exposition.meters());
  private final Measurements always = new Measurements(cycles, metrics, Duration.ZERO);
  private final Measurements seldom = new Measurements(cycles, metrics, Duration.ofHours(1));

  @BeforeEach
  void register() {
    metrics.update(List.of(LINUX, GIT));
  }

  @Test
  void eachIsCountedWhenItsNumbersHaveBecomeOld() {
    refresh(seldom);
    refresh(seldom);
    assertThat(cycles.measured).containsExactly("linux", "git");

    refresh(always);
    refresh(always);
    assertThat(cycles.measured).hasSize(6);
    assertThat(exposition.text())
        .contains("repackd_packs{kind=\"ordinary\",repository=\"linux\",} 3.0");
  }

  @Test
  void oneThatACycleHasJustCountedIsLeftAlone() {
    seldom.measured(LINUX, FakeCycles.THREE_PACKS);

    refresh(seldom);

    assertThat(cycles.measured).containsExactly("git");
  }

  @Test
  void oneInWhichACycleRunsIsLeftAlone() {
    always.refresh(List.of(LINUX, GIT), Set.of(LINUX.location().objectDirectory()), () -> false);

    assertThat(cycles.measured).containsExactly("git");
  }

  @Test
  void oneThatCannotBeReadLosesItsNumbersAndIsComplainedOfOnce() {
    refresh(always);
    try (LogLines log = new LogLines()) {
      cycles.unreadable.add("linux");
      refresh(always);
      refresh(always);
      assertThat(exposition.text()).doesNotContainPattern(LOOSE_OBJECTS + "linux");
      assertThat(exposition.text()).containsPattern(LOOSE_OBJECTS + "git");
      assertThat(log.take())
          .containsExactly(
              "WARN cannot count the packs of linux: cannot read /srv/git/linux.git/objects");

      cycles.unreadable.clear();
      refresh(always);
      assertThat(exposition.text()).containsPattern(LOOSE_OBJECTS + "linux");
      assertThat(log.take()).containsExactly("INFO linux can be read again");
    }
  }

  @Test
  void itEndsWhenTheDaemonStops() {
    always.refresh(List.of(LINUX, GIT), Set.of(), () -> true);

    assertThat(cycles.measured).isEmpty();
  }

  private static void refresh(Measurements measurements) {
    measurements.refresh(List.of(LINUX, GIT), Set.of(), () -> false);
  }
}
