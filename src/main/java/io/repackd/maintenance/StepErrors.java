package io.repackd.maintenance;

import io.repackd.midx.UnsupportedIndexException;
import io.repackd.objectdir.LockedException;
import io.repackd.objectdir.ObjectDirectoryException;
import io.repackd.pack.CorruptFileException;
import io.repackd.platform.CancelledException;
import io.repackd.platform.Reason;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;

/** Says what an error in a step means for the cycle. */
final class StepErrors {
  private StepErrors() {}

  static StepFailure classify(Throwable error) {
    return switch (error) {
      case StepFailure failure -> failure;
      case CancelledException _ -> new StepFailure(Result.CANCELLED, "stopping", "asked to stop");
      case CorruptFileException corrupt ->
          new StepFailure(Result.DEGRADED, "pack-damaged", corrupt.getMessage());
      case UnsupportedIndexException unsupported ->
          new StepFailure(Result.SKIPPED, "index-version", unsupported.getMessage());
      case LockedException locked -> new StepFailure(Result.SKIPPED, "locked", locked.getMessage());
      case IOException io -> new StepFailure(Result.FAILED, "io", describe(io));
      case OutOfMemoryError _ ->
          new StepFailure(Result.FAILED, "memory", "not enough memory: " + error.getMessage());
      // What the virtual machine throws where a mapped page cannot be read any more.
      case InternalError _ ->
          new StepFailure(
              Result.FAILED,
              "io",
              "a mapped file was cut off or cannot be read: " + error.getMessage());
      default -> new StepFailure(Result.FAILED, "internal", "internal error: " + error);
    };
  }

  /** Whether something failed because a file had gone since it was listed: then it is worth another look. */
  static boolean vanished(IOException error) {
    return error instanceof NoSuchFileException || error.getCause() instanceof NoSuchFileException;
  }

  /** One line that names the file. */
  static String describe(IOException error) {
    return switch (error) {
      case ObjectDirectoryException known -> known.getMessage();
      case FileSystemException file ->
          "cannot use %s: %s".formatted(file.getFile(), Reason.of(file));
      default -> Reason.of(error);
    };
  }
}
