"""PRIOR the slow and obvious way: one study after the other, text padded to 256, no fused step.

The tests check the batched model against it, and ``tools/benchmarks/train_step.py`` measures against it.
"""
import torch
import torch.nn.functional as F
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from prior_mm.models import PRIOR
from prior_mm.structures import ImageFeatures, Reports, StudyFeatures


class PlainPRIOR(PRIOR):
    """The same parameters and losses as :class:`PRIOR`, computed by loops over the studies."""

    padded_length = 256

    def encode(self, images: Tensor, reports: Reports) -> StudyFeatures:
        feature_map = self.image_encoder.backbone(images.contiguous())[-1]
        patches = feature_map.flatten(2).transpose(1, 2)
        pooling = self.image_encoder.pooling
        tokens = torch.cat([patches.mean(dim=1, keepdim=True), patches], dim=1) + pooling.positional_embedding
        pooled = plain_attention_pooling(pooling, tokens)
        missing = max(0, self.padded_length - reports.token_ids.shape[1])
        output = self.text_encoder.encoder(input_ids=F.pad(reports.token_ids, (0, missing)),
                                           attention_mask=F.pad(reports.token_mask.long(), (0, missing)))
        return StudyFeatures(ImageFeatures(patches, pooled, tuple(feature_map.shape[2:])), output.last_hidden_state)

    def losses(self, features: StudyFeatures, reports: Reports, images: Tensor, batch=None) -> dict[str, Tensor]:
        weights, count = self.loss_weights, len(images)
        patches = self.local_image_projection(features.image.patches)
        word_pieces = self.sentence_projection(features.word_pieces)
        sentences = []
        for b in range(count):
            number = int(reports.sentence_mask[b].sum())
            if 'sentence_prototype' in weights:
                number = min(number, self.sentence_decoder.num_queries)
            pieces = word_pieces[b, :reports.sentence_index.shape[1]]
            sentences.append(torch.stack([pieces[reports.sentence_index[b] == n].mean(dim=0) for n in range(number)]))
        prototypes = sentences
        if 'prototype' in weights:
            prototypes = list(self.prototype_bank(torch.cat(sentences)).split([len(s) for s in sentences]))
        report = self.pool(prototypes)
        losses = dict(global_alignment=self.align(
            self.global_image_projection(features.image.pooled), report))
        image_losses, text_losses, contexts = [], [], []
        for b in range(count):
            image_loss, text_loss, context = self.local(patches[b], prototypes[b])
            image_losses.append(image_loss)
            text_losses.append(text_loss)
            contexts.append(context)
        losses['local_image'], losses['local_text'] = sum(image_losses) / count, sum(text_losses) / count
        if 'prototype' in weights:
            losses['prototype'] = (torch.cat(sentences) - torch.cat(prototypes)).abs().mean()
        if 'image_reconstruction' in weights:
            losses['image_reconstruction'] = self.reconstruct_image(
                patches, torch.stack(contexts), features.image.grid, images)
        if 'sentence_prototype' in weights:
            losses.update(self.reconstruct_report(patches, sentences, prototypes, report))
        return {f'loss_{name}': losses[name] * weight for name, weight in weights.items()}

    def align(self, left: Tensor, right: Tensor) -> Tensor:
        similarity = F.cosine_similarity(left[:, None], right[None], dim=-1) * self.global_alignment.logit_scale.exp()
        partner = torch.arange(len(left), device=left.device)
        return (F.cross_entropy(similarity, partner) + F.cross_entropy(similarity.T, partner)) / 2

    def pool(self, sets: list[Tensor]) -> Tensor:
        pooled = []
        for sentences in sets:
            tokens = torch.cat([sentences.mean(dim=0, keepdim=True), sentences])
            pooled.append(plain_attention_pooling(self.sentence_pooling, tokens[None]))
        return torch.cat(pooled)

    def local(self, patches: Tensor, sentences: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        attention, lam = self.cross_attention, self.local_alignment
        root = attention.embed_dims**0.5
        patch_weights = torch.sigmoid(attention.image_query(patches) @ attention.text_key(sentences).T / root)
        sentence_weights = torch.sigmoid(attention.text_query(sentences) @ attention.image_key(patches).T / root)
        patch_context = patch_weights @ attention.text_value(sentences)
        sentence_context = sentence_weights @ attention.image_value(patches)
        image_loss = -(F.cosine_similarity(lam.predictor(patches), patch_context.detach(), dim=-1).mean()
                       + F.cosine_similarity(lam.predictor(patch_context), patches.detach(), dim=-1).mean()) / 2
        similarity = lam.logit_scale.exp() * F.normalize(sentences, dim=-1) @ F.normalize(sentence_context, dim=-1).T
        partner = torch.arange(len(sentences), device=sentences.device)
        text_loss = (F.cross_entropy(similarity, partner) + F.cross_entropy(similarity.T, partner)) / 2
        return image_loss, text_loss, patch_context

    def reconstruct_image(self, patches: Tensor, contexts: Tensor, grid: tuple[int, int], images: Tensor) -> Tensor:
        decoder = self.image_decoder
        image_map, context_map = (x.transpose(1, 2).unflatten(2, grid).contiguous() for x in (patches, contexts))
        x = torch.cat([decoder.dropout(image_map), context_map], dim=1)
        for block in decoder.blocks:
            x = F.conv2d(F.interpolate(x, scale_factor=2.0, mode='nearest'), block[0].weight, padding=1)
            for layer in list(block)[1:]:
                x = layer(x)
        return F.l1_loss(decoder.head(x), images)

    def reconstruct_report(self, patches: Tensor, sentences: list[Tensor], prototypes: list[Tensor],
                           report: Tensor) -> dict[str, Tensor]:
        predictions = self.sentence_decoder(patches)
        distances, matched = [], []
        for prediction, target in zip(predictions, prototypes, strict=True):
            padded = torch.cat([target, target.new_zeros(len(prediction) - len(target), target.shape[1])])
            cost = (prediction[:, None] - padded[None]).abs().sum(dim=2)
            rows, columns = linear_sum_assignment(cost.detach().cpu().numpy())
            prediction_of = dict(zip(columns.tolist(), rows.tolist(), strict=True))
            ordered = prediction[[prediction_of[column] for column in range(len(prediction))]]
            distances.append((ordered - padded).abs().mean())
            matched.append(ordered[:len(target)])
        bank = self.prototype_bank
        kl = F.kl_div(F.log_softmax(bank.logits(torch.cat(matched)), dim=-1),
                      F.log_softmax(bank.logits(torch.cat(sentences)), dim=-1), log_target=True, reduction='batchmean')
        predicted = list(bank(torch.cat(matched)).split([len(m) for m in matched]))
        return dict(sentence_prototype=sum(distances) / len(distances), kl=kl,
                    global_prediction=self.align(self.pool(predicted), report))


def plain_attention_pooling(pooling, tokens: Tensor) -> Tensor:
    """Attention of all tokens over all tokens, of which the first is taken."""
    output, _ = F.multi_head_attention_forward(
        *[tokens.transpose(0, 1)] * 3, tokens.shape[2], pooling.num_heads, None,
        torch.cat([pooling.q_proj.bias, pooling.k_proj.bias, pooling.v_proj.bias]), None, None, False, 0.0,
        pooling.c_proj.weight, pooling.c_proj.bias, need_weights=False, use_separate_proj_weight=True,
        q_proj_weight=pooling.q_proj.weight, k_proj_weight=pooling.k_proj.weight,
        v_proj_weight=pooling.v_proj.weight)
    return output[0]
