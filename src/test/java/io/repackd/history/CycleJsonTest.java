package io.repackd.history;

import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.maintenance.CycleOutcome;
import io.repackd.maintenance.Result;
import io.repackd.maintenance.StepOutcome;
import org.junit.jupiter.api.Test;

class CycleJsonTest {
  @Test
  void aCycleIsOneLineOfJson() {
    assertThat(CycleJson.line(Cycles.cycle("a", 0, Result.OK)))
        .isEqualTo(
            "{\"detail\":\"\",\"duration_seconds\":1.5,"
                + "\"object_directory\":\"/srv/git/a.git/objects\",\"reason\":\"none\","
                + "\"repository\":\"a\",\"result\":\"ok\",\"started\":\"2026-11-20T03:00:00Z\","
                + "\"steps\":[]}");
  }

  @Test
  void everyFieldComesBackAsItWas() {
    String line = CycleJson.line(Cycles.full());

    assertThat(line).doesNotContain("\n");
    assertThat(CycleJson.parse(line)).contains(Cycles.full());
  }

  @Test
  void unknownFieldsArePassedOver() {
    CycleOutcome cycle = Cycles.cycle("a", 0, Result.OK);
    String newer =
        CycleJson.line(cycle).replace("{\"detail\"", "{\"mood\":[1,{\"x\":2}],\"detail\"");

    assertThat(CycleJson.parse(newer)).contains(cycle);
  }

  @Test
  void aLineFromBeforeLooseObjectsWereCountedCountsNone() {
    String older = CycleJson.line(Cycles.full()).replaceAll("\"loose_objects_deleted\":\\d+,", "");

    assertThat(older).doesNotContain("loose_objects_deleted");
    assertThat(CycleJson.parse(older))
        .get()
        .extracting(CycleOutcome::work)
        .isEqualTo(new StepOutcome.Work(1, 2, 3, Long.MAX_VALUE, 0));
  }

  @Test
  void aTornOrForeignLineIsNoCycle() {
    String line = CycleJson.line(Cycles.full());
    for (int length = 0; length < line.length(); length++) {
      assertThat(CycleJson.parse(line.substring(0, length)))
          .as("first %d characters", length)
          .isEmpty();
    }
    assertThat(CycleJson.parse("[]")).isEmpty();
    assertThat(CycleJson.parse("{}")).isEmpty();
    assertThat(CycleJson.parse(line.replace("\"degraded\"", "\"splendid\""))).isEmpty();
    assertThat(CycleJson.parse(line.replace("2026-11-20T", "2026-13-20T"))).isEmpty();
    assertThat(CycleJson.parse("[".repeat(LineFile.MAX_LINE_BYTES))).isEmpty();
  }
}
