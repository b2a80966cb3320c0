"""`command_executor`: runs a program of the worker's machine, without a shell."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, Field, field_validator

from apflow import BaseTask, current_config, executor_register

from .support.envelope import InvalidInputsError, completed, failed, read_inputs
from .support.process import ChildProcess, Ended, Program

_DEFAULT_PATH: Final = "/usr/local/bin:/usr/bin:/bin"
_ENV_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
#: Variables that make a permitted program load or run other code.
_CODE_LOADING: Final = re.compile(
    r"(LD_|DYLD_|GIT_|BASH_FUNC_)|(PATH|ENV|BASH_ENV|SHELLOPTS|IFS|GCONV_PATH|PYTHONPATH|PYTHONHOME|PYTHONSTARTUP"
    r"|PERL5LIB|PERL5OPT|RUBYLIB|RUBYOPT|NODE_OPTIONS|NODE_PATH|JAVA_TOOL_OPTIONS|PAGER|EDITOR|VISUAL)\Z"
)


class CommandInputs(BaseModel):
    """What `command_executor` takes."""

    command: list[str] = Field(
        min_length=1, description='The program and its arguments, one item each: ["echo", "hello world"]'
    )
    timeout: Annotated[float, Field(gt=0, le=86_400)] = Field(
        30.0, description="Seconds until the program and everything it started is killed"
    )
    cwd: str | None = Field(
        None, description="The directory to run in; without one, an empty directory that is removed afterwards"
    )
    env: dict[str, str] = Field(
        default_factory=dict, description="Environment variables; besides them there are only PATH, HOME and LANG"
    )
    stdin: str | None = Field(None, description="Text for the program's standard input")
    fail_on_exit: bool = Field(True, description="Fail on an exit code that is not in ok_codes")
    ok_codes: list[int] = Field(default_factory=lambda: [0], description="Exit codes that count as success")
    max_output_bytes: Annotated[int, Field(ge=1, le=4 * 1024**2)] = Field(
        1024**2, description="How much of stdout, and of stderr, is kept"
    )

    @field_validator("command", mode="before")
    @classmethod
    def _is_list(cls, command: object) -> object:
        if isinstance(command, str):
            raise ValueError(
                "must be a list of the program and its arguments, not one text: no shell takes it apart. "
                'Write ["echo", "hello world"] instead of "echo \'hello world\'"'
            )
        if isinstance(command, list):
            return [
                str(item) if isinstance(item, int | float) and not isinstance(item, bool) else item for item in command
            ]
        return command

    @field_validator("command")
    @classmethod
    def _has_program(cls, command: list[str]) -> list[str]:
        if not command[0].strip():
            raise ValueError("the program's name is empty")
        if any("\x00" in item for item in command):
            raise ValueError("an argument contains the character U+0000, which no program can be given")
        return command

    @field_validator("env")
    @classmethod
    def _loads_no_code(cls, env: dict[str, str]) -> dict[str, str]:
        for name, value in env.items():
            if not _ENV_NAME.match(name) or "\x00" in value:
                raise ValueError(f"{name!r} can't be an environment variable")
            if _CODE_LOADING.match(name):
                raise ValueError(f"{name} may not be set: it can make an allowed program run other code")
        return env


class CommandResult(BaseModel):
    """What `command_executor` returns."""

    success: bool = Field(description="Whether the exit code counts as success")
    return_code: int = Field(description="The exit code; negative when a signal ended the program")
    stdout: str = Field(description="What the program printed")
    stderr: str = Field(description="What it printed to its error output")
    truncated: bool = Field(False, description="Whether output over the limit was dropped")


class CommandNotAllowedError(Exception):
    """The program may not be started here; the text says how an administrator changes that."""


@executor_register()
class CommandExecutor(BaseTask):
    """Runs a program on the worker's machine and returns its output.

    Off until an administrator names the programs that it may start (APFLOW_COMMAND_ALLOWLIST). No shell is involved:
    each item of `command` reaches the program as one argument, whatever characters it has. The program sees none of
    the application's environment. A time-out or a cancel kills it and everything that it started.
    """

    id = "command_executor"
    name = "Run a program"
    tags = ["system", "restricted"]
    examples = [
        {"command": ["echo", "hello world"]},
        {"command": ["sort", "-n"], "stdin": "10\n9\n8\n", "timeout": 5},
    ]
    inputs_schema = CommandInputs
    outputs_schema = CommandResult
    cancelable = True
    # What a program had done when its worker was lost, nobody knows.
    idempotent = False
    # A dependency's result must not be able to bring an `env` or a `cwd` along.
    dependency_inputs = "by_id"

    def __init__(self, inputs: dict[str, Any] | None = None, **params: Any) -> None:
        super().__init__(inputs, **params)
        self._child: ChildProcess | None = None

    async def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Run the program to its end."""
        try:
            wanted = read_inputs(CommandInputs, inputs)
            path = permitted_program(wanted.command[0], current_config().command_allowlist)
            with working_directory(wanted.cwd) as directory:
                ended = await self._run(path, directory, wanted)
        except InvalidInputsError as error:
            return failed(str(error), error.error_type)
        except CommandNotAllowedError as error:
            return failed(str(error), "command_not_allowed")
        except TimeoutError:
            text = f"{wanted.command[0]} was killed after its timeout of {wanted.timeout:g} s"
            return failed(text, "timeout", retryable=True)
        except OSError as error:
            return failed(f"{wanted.command[0]} can't be started: {error.strerror or error}", "command_not_started")
        return _judge(ended, wanted)

    def cancel(self) -> None:
        """Ask the program and everything it started to end."""
        if self._child is not None:
            self._child.signal_group(signal.SIGTERM)

    def get_demo_result(self, task: Any = None, inputs: dict[str, Any] | None = None) -> Any:
        """Return what a small program would print."""
        command = (inputs or {}).get("command") or ["echo", "hello world"]
        said = " ".join(map(str, command[1:])) if isinstance(command, list) else "hello world"
        return {"success": True, "return_code": 0, "stdout": f"{said}\n", "stderr": "", "truncated": False}

    async def _run(self, path: str, directory: str, wanted: CommandInputs) -> Ended:
        stdin = None if wanted.stdin is None else wanted.stdin.encode()
        program = Program(path, wanted.command[1:], _environment(directory, wanted.env), directory, stdin)
        self.log.info("Running %s with %d arguments", path, len(program.arguments))
        self._child = await ChildProcess.start(program)
        return await self._child.finish(wanted.max_output_bytes, wanted.timeout)


def permitted_program(program: str, allowlist: Sequence[str]) -> str:
    """Return the absolute path of a program that may be started. Raises CommandNotAllowedError.

    An entry of the allow-list is a name, which is looked up in the worker's PATH, or an absolute path; it permits
    exactly what it says.
    """
    if not allowlist:
        raise CommandNotAllowedError(
            "command_executor is switched off. An administrator switches it on by naming the programs that it may "
            "start, for example APFLOW_COMMAND_ALLOWLIST=echo,/usr/bin/git"
        )
    if program not in allowlist:
        raise CommandNotAllowedError(
            f"the program {program!r} is not in this installation's list of allowed programs (APFLOW_COMMAND_ALLOWLIST)"
        )
    if os.sep in program:
        path: str | None = program if os.path.isabs(program) else None
    else:
        path = shutil.which(program, path=os.environ.get("PATH", _DEFAULT_PATH))
    # A PATH with a relative folder in it must not make the current directory a place for programs.
    if path is None or not os.path.isabs(path) or not os.access(path, os.X_OK):
        raise CommandNotAllowedError(f"the program {program!r} is allowed, but not installed on this worker")
    return path


@contextlib.contextmanager
def working_directory(wanted: str | None) -> Iterator[str]:
    """Yield the directory to run in: the wanted one, or a fresh one that is removed afterwards."""
    if wanted is None:
        with tempfile.TemporaryDirectory(prefix="apflow-command-", ignore_cleanup_errors=True) as directory:
            yield directory
    elif os.path.isabs(wanted) and Path(wanted).is_dir():
        yield wanted
    else:
        raise InvalidInputsError(f"inputs.cwd: must be the absolute path of an existing directory, not {wanted!r}")


def _environment(directory: str, given: dict[str, str]) -> dict[str, str]:
    # HOME is not the worker's: its dot files may hold credentials.
    basis = {
        "PATH": os.environ.get("PATH", _DEFAULT_PATH),
        "HOME": directory,
        "LANG": os.environ.get("LANG", "C.UTF-8"),
    }
    return {**basis, **given}


def _judge(ended: Ended, wanted: CommandInputs) -> dict[str, Any]:
    success = ended.code in wanted.ok_codes
    result = {
        "success": success,
        "return_code": ended.code,
        "stdout": ended.stdout.text,
        "stderr": ended.stderr.text,
        "truncated": ended.stdout.truncated or ended.stderr.truncated,
    }
    if success or not wanted.fail_on_exit:
        return completed(result)
    text = f"{wanted.command[0]} {_ending(ended.code)}"
    last_words = ended.stderr.text.strip()[-500:]
    return failed(f"{text}: {last_words}" if last_words else text, "exit_code", retryable=True, result=result)


def _ending(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"
