"""A generator behind the OpenAI chat completions protocol: OpenAI or a server of your own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from remem.encoders.models import first_line
from remem.generators.prompts import Layout, Prompt, block_before_question
from remem.recall.prompt import estimate_tokens
from remem.store.errors import MissingDependency, RememError, UpstreamError

if TYPE_CHECKING:
    from openai import OpenAIError


class OpenAIGenerator:
    """A model served over HTTP (OpenAI, Ollama, vLLM, llama.cpp, ...). Thread-safe.

    Args:
        model: The model's name on the server.
        base_url: The server, with its ``/v1``; None: ``$OPENAI_BASE_URL``, or OpenAI.
        api_key: None: ``$OPENAI_API_KEY``; a server of your own rarely needs one.
        layout: How notes, question and earlier turns become messages.
        max_tokens: The longest answer; None leaves it to the server.
        temperature: None leaves it to the server.
        timeout: Seconds to wait for the server to go on before giving up.
        max_retries: How often to try again when the server is busy or the connection breaks.

    Raises:
        MissingDependency: the package ``openai`` is not installed.
        RememError: OpenAI was meant and there is no key.
    """

    def __init__(
        self,
        model: str,
        base_url: str | None = None,
        api_key: str | None = None,
        *,
        layout: Layout = block_before_question,
        max_tokens: int | None = None,
        temperature: float | None = None,
        timeout: float = 60.0,
        max_retries: int = 2,
    ) -> None:
        try:
            from openai import OpenAI, OpenAIError
        except ImportError as error:
            raise MissingDependency("a model behind a URL", "'remem[openai]'") from error
        self.layout = layout
        self._model = model
        limits = {"max_tokens": max_tokens, "temperature": temperature}
        self._options: dict[str, Any] = {k: v for k, v in limits.items() if v is not None}
        try:
            self._client = OpenAI(
                base_url=base_url, api_key=api_key, timeout=timeout, max_retries=max_retries
            )
        except OpenAIError as error:
            if base_url is None:
                raise RememError(
                    "there is no key for OpenAI: set OPENAI_API_KEY, or give the URL of a server"
                ) from error
            self._client = OpenAI(
                base_url=base_url, api_key="none", timeout=timeout, max_retries=max_retries
            )

    def __repr__(self) -> str:
        return f"OpenAIGenerator({self._model} at {self._client.base_url})"

    def generate(self, prompt: Prompt) -> str:
        """The whole answer; raises as ``stream``."""
        return "".join(self.stream(prompt))

    def stream(self, prompt: Prompt) -> Iterator[str]:
        """The answer in pieces, as they come; closing the iterator ends the request.

        Raises:
            UpstreamError: the server cannot be reached, is too slow, or refuses.
        """
        from openai import OpenAIError

        messages: Any = [
            {"role": message.role, "content": message.content} for message in self.layout(prompt)
        ]
        try:
            with self._client.chat.completions.create(
                model=self._model, messages=messages, stream=True, **self._options
            ) as events:
                for event in events:
                    # The last event may report usage and hold no choice.
                    if event.choices and (piece := event.choices[0].delta.content):
                        yield piece
        except OpenAIError as error:
            raise UpstreamError(self._sentence(error)) from error

    def count_tokens(self, text: str) -> int:
        """An estimate: the server's tokenizer is not at hand."""
        return estimate_tokens(text)

    def _sentence(self, error: OpenAIError) -> str:
        import openai

        server = self._client.base_url
        match error:
            case openai.APITimeoutError():
                return f"{server} did not answer in time: try again, or allow it more seconds"
            case openai.APIConnectionError():
                return f"{server} cannot be reached: check the URL and that the server runs"
            case openai.AuthenticationError() | openai.PermissionDeniedError():
                return f"{server} refuses the key: check OPENAI_API_KEY or api_key"
            case openai.NotFoundError():
                return f"{server} knows no model {self._model}: check its name and the URL"
            case openai.RateLimitError():
                return f"{server} takes no more requests for now: wait, or check your quota"
            case _:
                return f"{server} failed: {first_line(error)}"
