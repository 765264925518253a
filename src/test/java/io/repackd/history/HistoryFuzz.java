package io.repackd.history;

import static org.assertj.core.api.Assertions.assertThat;

import io.repackd.config.HistorySettings;
import io.repackd.fuzz.FuzzInput;
import io.repackd.fuzz.FuzzTarget;
import io.repackd.maintenance.CycleOutcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The past cycles. What is read of them is what would be read of what they would be written as. */
public final class HistoryFuzz implements FuzzTarget {
  private static final int FEW = 3;

  @Override
  public void read(FuzzInput input, Path directory) throws IOException {
    Path state = Files.createDirectories(directory.resolve("history"));
    Files.write(state.resolve("history.jsonl"), input.rest());
    CycleHistory history = new CycleHistory(state, new HistorySettings(FEW));
    List<CycleOutcome> cycles = history.cycles();
    for (CycleOutcome cycle : cycles) {
      history.lastStarted(cycle.objectDirectory());
      history.lastSuccess(cycle.objectDirectory());
      history.failuresInARow(cycle.objectDirectory());
      history.repacksWithoutExpiry(cycle.objectDirectory());
      assertThat(CycleJson.parse(CycleJson.line(cycle))).contains(cycle);
    }
    if (!cycles.isEmpty()) {
      history.append(cycles.getLast());
      assertThat(history.cycles()).contains(cycles.getLast());
    }
  }
}
