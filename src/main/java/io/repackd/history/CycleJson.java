package io.repackd.history;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigSyntax;
import com.typesafe.config.ConfigValueFactory;
import io.repackd.maintenance.CycleOutcome;
import io.repackd.maintenance.Measurement;
import io.repackd.maintenance.Result;
import io.repackd.maintenance.Step;
import io.repackd.maintenance.StepOutcome;
import io.repackd.objectdir.GarbageKind;
import io.repackd.objectdir.KeepOwner;
import io.repackd.objectdir.PackKind;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * A cycle as one line of JSON: the form of {@code history.jsonl}, of {@code history --json} and of {@code once --json}.
 *
 * <pre>{@code
 * {"after":{…},"before":{"garbage_bytes":{},"garbage_files":{},"indexed_objects":0,"indexed_packs":0,"keep_files":{"git":1},
 *  "loose_object_bytes":4096,"loose_objects":12,"pack_bytes":{"ordinary":81920},"packs":{"ordinary":3},
 *  "packs_outside_index":3,"unreferenced_packs":0},"detail":"","duration_seconds":1.5,
 *  "object_directory":"/srv/git/a.git/objects","reason":"none","repository":"a","result":"ok",
 *  "started":"2026-11-20T03:00:00Z","steps":[{"bytes_written":2048,"detail":"3 packs","duration_seconds":0.25,
 *  "loose_objects_deleted":0,"objects_packed":0,"packs_deleted":0,"packs_written":0,"result":"ok","step":"write"}]}
 * }</pre>
 *
 * <p>{@code before} and {@code after} are missing where nothing could be counted. A reader passes over fields that it does not
 * know, so fields may be added; {@code loose_objects_deleted} was, and counts as 0 where it is missing.
 */
public final class CycleJson {
  private static final String LOOSE_OBJECTS_DELETED = "loose_objects_deleted";

  private static final double NANOS_PER_SECOND = 1e9;

  private CycleJson() {}

  /** The cycle as one line, without a line feed. */
  public static String line(CycleOutcome cycle) {
    Map<String, Object> fields = new HashMap<>();
    fields.put("repository", cycle.repository());
    fields.put("object_directory", cycle.objectDirectory().toString());
    fields.put("started", cycle.started().toString());
    fields.put("duration_seconds", seconds(cycle.duration()));
    fields.put("result", cycle.result().label());
    fields.put("reason", cycle.reason());
    fields.put("detail", cycle.detail());
    fields.put("steps", cycle.steps().stream().map(CycleJson::fields).toList());
    cycle.before().ifPresent(before -> fields.put("before", fields(before)));
    cycle.after().ifPresent(after -> fields.put("after", fields(after)));
    return ConfigValueFactory.fromMap(fields).render(ConfigRenderOptions.concise());
  }

  /** The cycle in a line, or nothing if it is torn or not of this form. */
  public static Optional<CycleOutcome> parse(String line) {
    ConfigParseOptions json = ConfigParseOptions.defaults().setSyntax(ConfigSyntax.JSON);
    try {
      return Optional.of(cycle(ConfigFactory.parseString(line, json)));
    } catch (ConfigException
        | DateTimeException
        | IllegalArgumentException
        | StackOverflowError e) {
      return Optional.empty();
    }
  }

  private static Map<String, Object> fields(StepOutcome step) {
    return Map.of(
        "step",
        step.step().label(),
        "result",
        step.result().label(),
        "duration_seconds",
        seconds(step.duration()),
        "packs_written",
        step.work().packsWritten(),
        "packs_deleted",
        step.work().packsDeleted(),
        "objects_packed",
        step.work().objectsPacked(),
        "bytes_written",
        step.work().bytesWritten(),
        LOOSE_OBJECTS_DELETED,
        step.work().looseObjectsDeleted(),
        "detail",
        step.detail());
  }

  private static Map<String, Object> fields(Measurement counts) {
    Map<String, Object> fields = new HashMap<>();
    fields.put("packs", labelled(counts.packs(), PackKind::label));
    fields.put("pack_bytes", labelled(counts.packBytes(), PackKind::label));
    fields.put("loose_objects", counts.looseObjects());
    fields.put("loose_object_bytes", counts.looseObjectBytes());
    fields.put("indexed_packs", counts.indexedPacks());
    fields.put("indexed_objects", counts.indexedObjects());
    fields.put("packs_outside_index", counts.packsOutsideIndex());
    fields.put("unreferenced_packs", counts.unreferencedPacks());
    fields.put("keep_files", labelled(counts.keepFiles(), KeepOwner::label));
    fields.put("garbage_files", labelled(counts.garbageFiles(), GarbageKind::label));
    fields.put("garbage_bytes", labelled(counts.garbageBytes(), GarbageKind::label));
    return fields;
  }

  private static CycleOutcome cycle(Config json) {
    return new CycleOutcome(
        json.getString("repository"),
        Path.of(json.getString("object_directory")),
        Instant.parse(json.getString("started")),
        duration(json),
        result(json),
        json.getString("reason"),
        json.getString("detail"),
        json.getConfigList("steps").stream().map(CycleJson::step).toList(),
        measurement(json, "before"),
        measurement(json, "after"));
  }

  private static StepOutcome step(Config json) {
    return new StepOutcome(
        constant(Step.values(), Step::label, json.getString("step")),
        result(json),
        duration(json),
        new StepOutcome.Work(
            json.getLong("packs_written"),
            json.getLong("packs_deleted"),
            json.getLong("objects_packed"),
            json.getLong("bytes_written"),
            json.hasPath(LOOSE_OBJECTS_DELETED) ? json.getLong(LOOSE_OBJECTS_DELETED) : 0),
        json.getString("detail"));
  }

  private static Optional<Measurement> measurement(Config json, String key) {
    if (!json.hasPath(key)) {
      return Optional.empty();
    }
    Config counts = json.getConfig(key);
    return Optional.of(
        new Measurement(
            counts(counts, "packs", PackKind.class, PackKind::label),
            counts(counts, "pack_bytes", PackKind.class, PackKind::label),
            counts.getLong("loose_objects"),
            counts.getLong("loose_object_bytes"),
            counts.getLong("indexed_packs"),
            counts.getLong("indexed_objects"),
            counts.getLong("packs_outside_index"),
            counts.getLong("unreferenced_packs"),
            counts(counts, "keep_files", KeepOwner.class, KeepOwner::label),
            counts(counts, "garbage_files", GarbageKind.class, GarbageKind::label),
            counts(counts, "garbage_bytes", GarbageKind.class, GarbageKind::label)));
  }

  private static <E extends Enum<E>> Map<String, Long> labelled(
      Map<E, Long> counts, Function<E, String> label) {
    return counts.entrySet().stream()
        .collect(Collectors.toMap(count -> label.apply(count.getKey()), Map.Entry::getValue));
  }

  private static <E extends Enum<E>> Map<E, Long> counts(
      Config json, String key, Class<E> type, Function<E, String> label) {
    Map<E, Long> counts = new EnumMap<>(type);
    Config labelled = json.getConfig(key);
    for (E constant : List.of(type.getEnumConstants())) {
      if (labelled.hasPath(label.apply(constant))) {
        counts.put(constant, labelled.getLong(label.apply(constant)));
      }
    }
    return counts;
  }

  private static Result result(Config json) {
    return constant(Result.values(), Result::label, json.getString("result"));
  }

  private static <E> E constant(E[] constants, Function<E, String> label, String text) {
    return Arrays.stream(constants)
        .filter(constant -> label.apply(constant).equals(text))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("not known: " + text));
  }

  private static double seconds(Duration duration) {
    return duration.toNanos() / NANOS_PER_SECOND;
  }

  private static Duration duration(Config json) {
    return Duration.ofNanos(Math.round(json.getDouble("duration_seconds") * NANOS_PER_SECOND));
  }
}
