package io.repackd.daemon;

import io.repackd.platform.Pacer;
import io.repackd.platform.Pause;
import io.repackd.platform.Progress;
import io.repackd.platform.Throttle;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What the daemon does at a moment, for whoever asks.
 *
 * @param running how far each running cycle has come, by registered name
 * @param nextRuns when the next cycles are due, by registered name
 * @param pacer what makes work wait
 * @param pause the pause that is in force
 * @param summary the same as the service manager is told
 */
record DaemonStatus(
    Map<String, Optional<Progress.Seen>> running,
    Map<String, Instant> nextRuns,
    Pacer pacer,
    Optional<Pause.InForce> pause,
    String summary) {
  private static final double MILLIS_PER_SECOND = 1000;

  /** The same as JSON has it. */
  Map<String, Object> fields() {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("summary", summary);
    fields.put("paused", pause.isPresent());
    pause
        .flatMap(Pause.InForce::until)
        .ifPresent(until -> fields.put("paused_until", until.toString()));
    pacer.waiting().ifPresent(why -> fields.put("waiting", why.words()));
    List<Map<String, Object>> cycles = new ArrayList<>();
    running.forEach((repository, progress) -> cycles.add(cycle(repository, progress)));
    fields.put("running", cycles);
    Map<String, Object> next = new LinkedHashMap<>();
    nextRuns.forEach((repository, due) -> next.put(repository, due.toString()));
    fields.put("next_runs", next);
    Map<String, Object> lost = new LinkedHashMap<>();
    for (Throttle why : Throttle.values()) {
      lost.put(why.label(), pacer.lost(why).toMillis() / MILLIS_PER_SECOND);
    }
    fields.put("throttled_seconds", lost);
    return fields;
  }

  private static Map<String, Object> cycle(String repository, Optional<Progress.Seen> progress) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("repository", repository);
    if (progress.isPresent()) {
      Progress.Seen seen = progress.get();
      fields.put("what", seen.what());
      fields.put("objects", seen.objects());
      fields.put("all_objects", seen.allObjects());
      fields.put("bytes", seen.bytes());
      fields.put("all_bytes", seen.allBytes());
      fields.put("elapsed_seconds", seen.elapsed().toMillis() / MILLIS_PER_SECOND);
      seen.percent().ifPresent(percent -> fields.put("percent", percent));
      seen.left().ifPresent(left -> fields.put("seconds_left", left.toSeconds()));
    }
    return fields;
  }
}
