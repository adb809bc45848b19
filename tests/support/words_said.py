"""What OpenAI and Anthropic answer with, as their SDKs read it."""

from __future__ import annotations

from typing import Any


def openai_said(text: str, status: str = "completed", **more: Any) -> dict[str, Any]:
    content = [{"type": "output_text", "text": text, "annotations": []}]
    return {
        "id": "r1", "object": "response", "created_at": 1, "status": status, "model": "gpt-6.1-terra", "error": None,
        "incomplete_details": None, "instructions": None, "metadata": {}, "parallel_tool_calls": True, "tools": [],
        "tool_choice": "auto", "temperature": 1, "top_p": 1,
        "output": [{"id": "m1", "type": "message", "status": status, "role": "assistant", "content": content}],
        "usage": {"input_tokens": 1000, "output_tokens": 200, "total_tokens": 1200,
                  "input_tokens_details": {"cached_tokens": 400}, "output_tokens_details": {"reasoning_tokens": 0}},
        **more,
    }  # fmt: skip


def anthropic_said(text: str, stop: str = "end_turn") -> dict[str, Any]:
    return {
        "id": "m1", "type": "message", "role": "assistant", "model": "claude-sonnet-5-5", "stop_reason": stop,
        "content": [{"type": "text", "text": text}], "stop_sequence": None,
        "usage": {"input_tokens": 1000, "output_tokens": 200},
    }  # fmt: skip
